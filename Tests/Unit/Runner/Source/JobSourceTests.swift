import BuildAPI
import ConfigurationFile
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOHTTP1
import Provider
import Synchronization
import Testing

@testable import Runner

/// The source of a job, from its submission to its end.
@Suite struct JobSourceTests {
    /// A tar archive (POSIX ustar) of one file. All of it is ASCII.
    private static func archive(_ text: String, name: String = ".build.yml") -> String {
        func field(_ text: String, _ length: Int) -> String {
            text + String(repeating: "\0", count: length - text.count)
        }
        func header(_ checksum: String) -> String {
            field(name, 100) + field("0000644", 8) + field("0000000", 8) + field("0000000", 8)
                + String(format: "%011o", text.utf8.count) + "\0" + field("00000000000", 12) + checksum + "0"
                + field("", 100) + "ustar\u{0}00" + field("", 247)
        }
        let sum = header("        ").utf8.reduce(0) { $0 + Int($1) }
        return header(String(format: "%06o", sum) + "\0 ") + field(text, (text.utf8.count + 511) / 512 * 512)
            + field("", 1024)
    }

    static func source(_ tasks: String = "  - a: exit 1\n") -> String {
        archive("image: debian\ntasks:\n\(tasks)")
    }

    private static func submit(
        _ body: String, to service: TestService, _ more: String = "", owner: String = "alice"
    ) async throws -> HTTPClient.Answer {
        try await service.client.send(
            .POST, "/v1/jobs?owner=\(owner)\(more)", headers: ["Content-Type": "application/x-tar"],
            body: body)
    }

    private static func files(_ service: TestService, _ folder: String = "") throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: "\(service.folder)/sources\(folder)"))
    }

    @Test func itIsUnpackedBeforeTheFirstTask() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let answer = try await Self.submit(Self.source(), to: service)
            #expect(answer.status == 201, "\(answer.text)")
            _ = try await service.job("1") { $0.builder?.state == .kept }
            let unpacked = await service.supply.machine(of: "1").unpacked.withLock { $0 }
            #expect(unpacked == ["\(service.folder)/sources/1"])
            #expect(try Self.files(service) == ["1", "incoming"])
            #expect(try Self.files(service, "/incoming").isEmpty)
            let other = try await Self.submit(
                Self.archive("image: debian\ntasks:\n  - b: exit 0\n", name: "ci/b.yml"), to: service,
                "&manifest=ci/b.yml&note=x")
            #expect(try other.decode(Job.self).tasks.map(\.name) == ["b"])
            _ = try await service.submit("  - a: exit 0")
            #expect(try Self.files(service) == ["1", "2", "incoming"])
        }
    }

    @Test func whatIsRefusedLeavesNothing() async throws {
        try await TestService.run(limits: .with { $0.source = 5000 }) { service in
            try await service.addAlice()
            for (body, status, sentence) in [
                (String(repeating: "x", count: 5001), 413, "The source is larger than 5000 bytes."),
                ("", 422, "The source is"), (String(Self.source().dropLast(1500)), 422, "The source is"),
                (Self.archive("image: [\n"), 422, "line "),
                (Self.archive("image: debian\n", name: "job.yml"), 422, "There is no file .build.yml"),
            ] {
                let answer = try await Self.submit(body, to: service)
                #expect(answer.status == status, "\(answer.text)")
                #expect(try answer.decode(Problem.self).detail?.hasPrefix(sentence) == true, "\(answer.text)")
            }
            #expect(try Self.files(service) == ["incoming"])
            #expect(try Self.files(service, "/incoming").isEmpty)
            let none = try await service.client.send(.GET, "/v1/jobs/1")
            #expect(none.status == 404)
        }
    }

    @Test func thereIsNoJobWithoutItsSource() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let inTheWay = "\(service.folder)/sources/1"
            try FileManager.default.createDirectory(atPath: inTheWay, withIntermediateDirectories: true)
            let answer = try await Self.submit(Self.source(), to: service)
            #expect(answer.status == 500, "\(answer.text)")
            #expect(answer.text.contains("The source cannot be stored."), "\(answer.text)")
            #expect(try await service.client.send(.GET, "/v1/jobs/1").status == 404)
            #expect(try Self.files(service, "/incoming").isEmpty)
            try FileManager.default.removeItem(atPath: inTheWay)
            #expect(try await Self.submit(Self.source(), to: service).decode(Job.self).id == JobID("1"))
        }
    }

    /// Before the first byte of it is read.
    @Test func whoCannotHaveAJobIsToldAtOnce() async throws {
        try await TestService.run(limits: .with { $0.source = 0 }) { service in
            try await service.addAlice()
            let answer = try await Self.submit(Self.source(), to: service)
            #expect(answer.status == 415)
            #expect(answer.text.contains("This build service takes no source"), "\(answer.text)")
        }
    }

    /// One person's archives are read one after the other, and nobody else's wait for them.
    @Test func archivesAreReadByTurns() async throws {
        let clock = ManualClock()
        let turns = Turns(
            clock.timekeeper, longestWait: 300, refusal: RunnerError(.failure, "Too late."))
        let responder = try await TestService.makeResponder(archives: turns)
        @Sendable func submit(_ owner: String) async throws(RunnerError) -> Int {
            let request = Request(
                head: HTTPRequest(
                    method: .post, scheme: nil, authority: nil, path: "/v1/jobs",
                    headerFields: [.contentType: "application/x-tar"]),
                body: RequestBody(buffer: ByteBuffer(string: Self.source())))
            return try await responder.submit(request, try Query("owner=\(owner)")).status.code
        }
        let (begun, end) = (Latch<Bool>(), Latch<Bool>())
        let first = Task {
            try await turns.take(of: "1") { () throws(RunnerError) in
                begun.open(true)
                _ = try? await end.wait()
            }
        }
        _ = try await begun.wait()
        let second = Task { try await submit("alice") }
        while turns.waiting(of: "1") != 1 { await Task.yield() }
        #expect(try await submit("bob") == 201)
        clock.advance(by: 299)
        #expect(turns.waiting(of: "1") == 1)
        end.open(true)
        try await first.value
        #expect(try await second.value == 201)
    }

    /// What cannot be unpacked is the job's end, in words.
    @Test func aMachineThatCannotUnpackItFailsTheJob() async throws {
        try await TestService.run(supply: FakeProvider(bootsAlone: false)) { service in
            try await service.addAlice()
            _ = try await Self.submit(Self.source(), to: service)
            let machine = await service.supply.machine(of: "1")
            machine.unpacking.withLock {
                $0 = BuilderError(.commandFailed, detail: "no space")
            }
            machine.boot()
            _ = try await service.job("1") { $0.status == .failed }
            let log = try await service.log("1", "setup", when: "failed")
            #expect(log.contains("the source could not be unpacked: no space"))
        }
    }

    /// Finished jobs make room for new ones, the oldest first; unfinished ones do not.
    @Test func anOwnersSourcesHaveALimit() async throws {
        let size = Self.source().utf8.count
        try await TestService.run(limits: .with { ($0.sourcesPerOwner, $0.keptPerOwner) = (2 * size, 5) }) {
            service in
            try await service.addAlice()
            for id in ["1", "2"] {
                let answer = try await Self.submit(Self.source(), to: service)
                #expect(answer.status == 201)
                _ = try await service.job(id) { $0.builder?.state == .kept }
            }
            let refusal = try await Self.submit(Self.source(), to: service)
            #expect(
                refusal.status == 429 && refusal.text.contains("alice's unfinished jobs"), "\(refusal.text)")
            #expect(try Self.files(service) == ["1", "2", "incoming"])
            // Another owner's sources count for themselves.
            try await service.addBob()
            #expect(try await Self.submit(Self.source(), to: service, owner: "bob").status == 201)
            _ = try await service.client.send(.DELETE, "/v1/jobs/1/builder")
            _ = try await service.job("1") { $0.builder == nil }
            let answer = try await Self.submit(Self.source(), to: service)
            #expect(answer.status == 201)
            #expect(try Self.files(service) == ["2", "3", "4", "incoming"])
        }
    }

    /// Nothing goes for a source that finds no room in the end.
    @Test func nothingIsRemovedInVain() async throws {
        let size = Self.source().utf8.count
        try await TestService.run(limits: .with { ($0.sourcesPerOwner, $0.keptPerOwner) = (2 * size, 5) }) {
            service in
            try await service.addAlice()
            _ = try await Self.submit(Self.source(), to: service)
            _ = try await service.job("1") { $0.builder?.state == .kept }
            _ = try await service.client.send(.DELETE, "/v1/jobs/1/builder")
            _ = try await service.job("1") { $0.builder == nil }
            let large = Self.archive("image: debian\n" + String(repeating: "#\n", count: size))
            let refusal = try await Self.submit(large, to: service)
            #expect(
                refusal.status == 413 && refusal.text.contains("this one alone is larger"), "\(refusal.text)")
            #expect(try Self.files(service) == ["1", "incoming"])
        }
    }

    /// What the database does when the disk is full: with the job's record, and at the transaction's end.
    private static let shortages = [
        "CREATE TRIGGER full BEFORE INSERT ON manifest BEGIN SELECT RAISE(ABORT, 'full'); END",
        """
        CREATE TABLE nobody (person INTEGER REFERENCES person DEFERRABLE INITIALLY DEFERRED);
        CREATE TRIGGER full AFTER INSERT ON manifest BEGIN INSERT INTO nobody VALUES (-1); END
        """,
    ]

    @Test(arguments: shortages) func nothingGoesForAJobThatCannotBeStored(shortage: String) async throws {
        try await TestService.run(limits: .with { $0.sourcesPerOwner = Self.source().utf8.count }) {
            service in
            try await service.addAlice()
            _ = try await Self.submit(Self.source(), to: service)
            _ = try await service.job("1") { $0.builder?.state == .kept }
            _ = try await service.client.send(.DELETE, "/v1/jobs/1/builder")
            _ = try await service.job("1") { $0.builder == nil }
            let store = try SQLiteStore(path: service.folder + "/runner.sqlite")
            defer { store.close() }
            try await store.database.write { try $0.execute(sql: shortage) }
            let refusal = try await Self.submit(Self.source(), to: service)
            #expect(refusal.status == 500, "\(refusal.text)")
            #expect(try Self.files(service) == ["1", "incoming"])
            #expect(try Self.files(service, "/incoming").isEmpty)
            let alice = try #require(try await store.person("alice"))
            #expect(try await store.sources(owner: .person(alice)).map(\.job) == [JobID("1")])
            try await store.database.write { try $0.execute(sql: "DROP TRIGGER full") }
            #expect(try await Self.submit(Self.source(), to: service).status == 201)
            #expect(try Self.files(service) == ["2", "incoming"])
            #expect(try await store.sources(owner: .person(alice)).map(\.job) == [JobID("2")])
        }
    }

    /// Nobody owns what a runner has left while it was arriving, or has forgotten and not removed.
    @Test func theNextRunnerTidiesUp() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await TestService.run(folder: folder) { service in
            try await service.addAlice()
            for _ in 1...2 { _ = try await Self.submit(Self.source(), to: service) }
            _ = try await service.submit("  - a: exit 0")
        }
        let store = try SQLiteStore(path: folder + "/runner.sqlite")
        try await store.database.write { try $0.execute(sql: "UPDATE job SET source = 0 WHERE id = 1") }
        store.close()
        for name in ["incoming/x", "3", "99"] {
            try "left".write(toFile: "\(folder)/sources/\(name)", atomically: false, encoding: .utf8)
        }
        try await TestService.run(folder: folder) { service in
            let (left, arriving) = (try Self.files(service), try Self.files(service, "/incoming"))
            #expect(left == ["2", "incoming"] && arriving.isEmpty)
        }
    }
}
