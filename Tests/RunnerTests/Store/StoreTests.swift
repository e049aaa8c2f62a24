import AuthorizedKeys
import BuildService
import Foundation
import Requests
import Testing

@testable import Runner

@Suite("The database")
struct StoreTests {
    private func store() throws -> Store { try Store(path: TestService.makeFolder() + "/runner.sqlite") }

    private func alice() throws -> PublicKey { try PublicKey.parse(line: TestService.aliceKey).key }

    @Test("a key is somebody's, once")
    func keys() throws {
        let store = try store()
        let key = try store.addKey(try alice(), comment: "laptop", owner: "alice")
        #expect(
            key.fingerprint == TestService.aliceFingerprint && key.owner == Person(id: "1", name: "alice"))
        #expect(try store.key(key.fingerprint) == key)
        let error = #expect(throws: RunnerError.self) { try store.addKey(alice(), comment: "", owner: "bob") }
        #expect(error?.code == .conflict)
        #expect(try store.keys(owner: nil) == [key])
        #expect(try store.keys(owner: "alice") == [key] && store.keys(owner: "1") == [key])
        #expect(try store.keys(owner: "bob").isEmpty)
        try store.removeKey(key.fingerprint)
        #expect(throws: RunnerError.self) { try store.removeKey(key.fingerprint) }
        #expect(try store.person("alice")?.id == "1")
    }

    @Test(
        "a name cannot be taken for an id",
        arguments: ["", "12", "a b", "a/b", "é", String(repeating: "a", count: 65)])
    func names(name: String) {
        #expect(!Store.isPersonName(name))
    }

    @Test("a job survives as it is")
    func jobs() throws {
        let path = TestService.makeFolder() + "/runner.sqlite"
        let store = try Store(path: path)
        let person = try store.addKey(try alice(), comment: "", owner: "alice").owner
        var record = try store.addJob(
            owner: person, note: "n",
            manifest: Manifest(image: "debian", tasks: [.init(name: "a", script: "x")]),
            at: start)
        record.job.status = .queued
        record.claims = []
        try store.save(record, at: start)
        store.close()
        let again = try Store(path: path)
        #expect(try again.job(record.job.id) == record)
        #expect(try again.liveJobs() == [record])
        #expect(try again.jobs(owner: "alice", live: true) == [record])
        record.job.status = .cancelled
        try again.save(record, at: start)
        #expect(try again.liveJobs().isEmpty && again.jobs(owner: "1", live: false) == [record])
        for text in ["01", "99", "x"] { #expect(try again.job(JobID(text)!) == nil) }
    }
}
