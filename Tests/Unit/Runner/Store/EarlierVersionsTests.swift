import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import Foundation
import GRDB
import NIOHTTP1
import Provider
import TestSupport
import Testing

@testable import Runner

/// Data that earlier runners have stored, opened by this one: Tests/Fixtures.
@Suite("What earlier versions have stored")
struct EarlierVersionsTests {
    private static let fixtures = Project.root.appending(path: "Tests/Fixtures/1.0")

    private func read(_ name: String) throws -> Data {
        try Data(contentsOf: Self.fixtures.appending(path: name))
    }

    /// A copy of the database, in a state folder of its own.
    private func folder() throws -> String {
        let folder = TestService.makeFolder()
        try read("runner.sqlite").write(to: URL(filePath: folder + "/runner.sqlite"))
        return folder
    }

    private func store() throws -> SQLiteStore { try SQLiteStore(path: folder() + "/runner.sqlite") }

    /// Without its members that are null, and sorted.
    private func wire(_ job: Job) throws -> String { String(decoding: try JSON.encode(job), as: UTF8.self) }

    private func answered() throws -> [Job] {
        struct Jobs: Decodable { var jobs: [Job] }
        return try JSON.decode(Jobs.self, from: read("jobs.json")).jobs
    }

    @Test("every job is answered as it was")
    func jobs() async throws {
        let store = try store()
        let expected = try answered()
        #expect(expected.count == 9)
        #expect(
            Set(expected.map(\.status))
                == [.success, .failed, .timeout, .cancelled, .running, .queued])
        #expect(try await store.jobs(owner: nil, live: false).map(wire) == expected.map(wire))
        #expect(try await store.liveJobs().map(\.job.id.description) == ["2", "6", "7", "8", "9"])
        let carol = try #require(try await store.person("carol"))
        #expect(try await store.jobs(owner: carol, live: false).map(\.id.description) == ["4"])
    }

    @Test("a restarted runner finds everything it needs to continue")
    func records() async throws {
        let store = try store()
        let kept = try #require(try await store.job(JobID("2")!))
        #expect(kept.job.sessions.map(\.session) == ["n6mkrpr97f", "aaaaaaaaaa"] && kept.claims.count == 2)
        #expect(kept.job.held && kept.job.shares.map(\.name) == ["carol", "bob"])
        #expect(kept.isPrepared && kept.builderStarted != nil && kept.lifetime != nil)
        let allocations = try await store.allocations()
        #expect(allocations.map(\.allocation.job.description) == ["2", "6", "7", "8", "9"])
        #expect(allocations.allSatisfy { $0.allocation.pool == "local" && $0.unneededSince == nil })
        let first = try #require(try await store.job(JobID("1")!))
        #expect(first.build == .init(image: "debian"))
        let manifest = try #require(try await store.manifest(of: JobID("1")!))
        #expect(manifest.tasks == [.init(name: "build", script: "echo built")])
        #expect(manifest.environment == [.init(name: "COLOUR", value: "it's blue")])
        let running = try #require(try await store.job(JobID("6")!))
        #expect(running.build.keep == .always)
        let tasks = try await store.manifest(of: JobID("6")!)?.tasks
        #expect(tasks?[0].script == "echo begun\nsleep 1000\n")
        #expect(try await store.job(JobID("4")!)?.build.timeout == 8)
    }

    @Test("keys, people and accepted terms are unchanged")
    func people() async throws {
        struct People: Decodable { var people: [Account] }
        struct Keys: Decodable { var keys: [Key] }
        let store = try store()
        let keys = try JSON.decode(Keys.self, from: read("keys.json")).keys
        #expect(keys.count == 5)
        #expect(try await store.keys(owner: nil).map { $0.fingerprint } == keys.map { $0.fingerprint })
        // They were added in an unknown time, and none has to be confirmed now.
        #expect(try await store.keys(owner: nil).allSatisfy { $0.added == nil && $0.isUnlimited })
        #expect(try await store.key(keys[0].fingerprint)?.fingerprint == keys[0].fingerprint)
        #expect(try await store.pendingKeys(owner: nil, at: .now).isEmpty)
        let people = try JSON.decode(People.self, from: read("people.json")).people
        #expect(try await store.people() == people)
        #expect(people.map(\.name) == ["alice", "bob", "carol", "mallory"])
        #expect(people.filter(\.administrator).map(\.name) == ["bob"])
        #expect(people.filter(\.suspended).map(\.name) == ["mallory"])
        let accepted = try await store.read { database in
            try String.fetchAll(
                database, sql: "SELECT person || ' ' || version FROM acceptance ORDER BY person")
        }
        #expect(accepted == ["1 fcab3b7ebc98", "2 fcab3b7ebc98"])
        // The next person and the next job get unused numbers.
        let key = try await store.addKey(
            try PublicKey.parse(line: TestService.aliceKey).key, comment: "", owner: "dave", at: .now)
        #expect(!people.map(\.id).contains(key.owner.id))
        let job = try await store.addJob(
            NewJob(submission: Submission(by: key.owner), manifest: Manifest(image: "debian", tasks: [])),
            at: .now)
        #expect(job.job.id.description == "10")
    }

    @Test("a file of tokens is read")
    func tokens() async throws {
        let lines = String(decoding: try read("tokens"), as: UTF8.self)
        #expect(try Tokens(lines, path: "tokens").count == 2)
        let entries = lines.split(separator: "\n").map { TokenEntry(line: $0) }
        #expect(entries.map { $0?.name } == ["gate-1", "tool"])
        #expect(entries.map { $0?.role } == [.gateway, .operator])
    }

    /// Weeks later; the builders' processes are gone: running jobs have ended, waiting ones run.
    @Test("a runner continues with it")
    func goingOn() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await TestService.run(limits: .with { $0.retention = 365 }, folder: folder) { service in
            let answer = try await service.client.send(.GET, "/v1/jobs/1")
            #expect(answer.status == 200)
            let before = try answered()
            #expect(
                try wire(JSON.decode(Job.self, from: Data(answer.body)))
                    == wire(#require(before.first { $0.id.description == "1" })))
            let kept = try await service.job("2")
            #expect(kept.status == .failed && kept.builder == nil && kept.sessions.isEmpty)
            let ran = try await service.job("6")
            #expect(ran.status == .failed && ran.builder == nil)
            #expect(try await service.job("9").status != .queued)
        }
    }
}
