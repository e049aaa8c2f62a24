import AuthorizedKeys
import BuildAPI
import Foundation
import GRDB
import KeyForms
import Provider
import Testing

@testable import Runner

@Suite("The database")
struct StoreTests {
    private func store() throws -> SQLiteStore {
        try SQLiteStore(path: TestService.makeFolder() + "/runner.sqlite")
    }

    private func alice() throws -> PublicKey { try PublicKey.parse(line: TestService.aliceKey).key }

    @Test("a key belongs to one person, once")
    func keys() async throws {
        let store = try store()
        let key = try await store.addKey(try alice(), comment: "laptop", owner: "alice", at: start)
        #expect(
            key.fingerprint == TestService.aliceFingerprint && key.owner == Person(id: "1", name: "alice"))
        #expect(try await store.key(key.fingerprint) == key)
        let error = await #expect(throws: RunnerError.self) {
            try await store.addKey(alice(), comment: "", owner: "bob", at: start)
        }
        #expect(error?.code == .conflict)
        #expect(try await store.keys(owner: nil) == [key])
        #expect(try await store.keys(owner: "alice") == [key])
        #expect(try await store.keys(owner: "1") == [key])
        #expect(try await store.keys(owner: "bob").isEmpty)
        try await store.removeKey(key.fingerprint)
        await #expect(throws: RunnerError.self) { try await store.removeKey(key.fingerprint) }
        #expect(try await store.person("alice")?.id == "1")
    }

    @Test("an allocation survives as it is, with the key with which its machine can dial")
    func allocations() async throws {
        let store = try store()
        var records = ["7-a", "7-b"].map { id in
            AllocationRecord(allocation: .init(id: AllocationID(id)!, job: JobID("7")!, pool: "lab"))
        }
        records[0].attachKey = TestService.aliceKey
        for record in records { try await store.save(record) }
        #expect(try await store.allocations() == records)
        (records[0].unneededSince, records[0].entered) = (start, true)
        try await store.save(records[0])
        #expect(try await store.allocations().contains(records[0]))
        try await store.removeAllocation(records[0].allocation.id)
        #expect(try await store.allocations() == [records[1]])
    }

    @Test("a comment has at most 256 bytes, also one that an earlier version has stored")
    func comments() async throws {
        let store = try store()
        let long = String(repeating: "a" + String(repeating: "\u{301}", count: 120), count: 256)
        let short = KeyComment.shortened(long)
        let key = try await store.addKey(try alice(), comment: long, owner: "alice", at: start)
        #expect(key.comment == short && short.utf8.count == 256)
        let bobs = try PublicKey.parse(line: TestService.bobKey).key
        #expect(
            try await store.addPendingKey(bobs, comment: long, of: key.owner, with: nil, at: start).comment
                == short)
        func stored(_ table: String) async throws -> String? {
            try await store.database.read { try String.fetchOne($0, sql: "SELECT comment FROM \(table)") }
        }
        for table in ["key", "pending_key"] {
            #expect(try await stored(table) == short)
            try await store.database.write {
                try $0.execute(sql: "UPDATE \(table) SET comment = ?", arguments: [long])
            }
        }
        #expect(try await store.key(key.fingerprint)?.comment == short)
        #expect(try await store.keys(owner: nil).map(\.comment) == [short])
        #expect(try await store.pendingKey(bobs.fingerprint, at: start)?.comment == short)
        #expect(try await store.pendingKeys(owner: "1", at: start).map(\.comment) == [short])
    }

    @Test(
        "a name cannot be taken for an id",
        arguments: ["", "12", "a b", "a/b", "é", String(repeating: "a", count: 65)])
    func names(name: String) {
        #expect(!SQLiteStore.isName(name))
    }

    @Test("what is stored for a caller that is cancelled meanwhile is stored")
    func cancelledCallers() async throws {
        let store = try SQLiteStore(path: TestService.makeFolder() + "/runner.sqlite")
        defer { store.close() }
        let person = try await store.addKey(try alice(), comment: "", owner: "alice", at: start).owner
        let new = NewJob(submission: Submission(by: person), manifest: Manifest(image: "debian"))
        let submitting = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            var record = try await store.addJob(new, at: start)
            record.job.status = .cancelled
            try await store.save(record, at: start)
            try await store.setSuspended("alice", true)
            return record.job.id
        }
        let id = try await submitting.value
        #expect(try await store.job(id)?.job.status == .cancelled)
        #expect(try await store.account("alice")?.suspended == true)
    }

    @Test("a job survives as it is")
    func jobs() async throws {
        let path = TestService.makeFolder() + "/runner.sqlite"
        let store = try SQLiteStore(path: path)
        let person = try await store.addKey(try alice(), comment: "", owner: "alice", at: start).owner
        var submission = Submission(by: person)
        submission.note = "n"
        var record = try await store.addJob(
            NewJob(
                submission: submission,
                manifest: Manifest(image: "debian", tasks: [.init(name: "a", script: "x")])),
            at: start)
        record.job.status = .queued
        record.claims = []
        try await store.save(record, at: start)
        store.close()
        let again = try SQLiteStore(path: path)
        #expect(try await again.job(record.job.id) == record)
        #expect(try await again.liveJobs() == [record])
        #expect(try await again.jobs(owner: person, live: true) == [record.job])
        record.job.status = .cancelled
        record.eventNumber = 7
        try await again.save(record, at: start)
        #expect(try await again.job(record.job.id) == record)
        let shown = try await again.shownJob(record.job.id)
        #expect(shown?.job == record.job && shown?.eventNumber == 7)
        #expect(try await again.liveJobs().isEmpty)
        #expect(try await again.jobs(owner: person, live: false) == [record.job])
        // Those that others share with a person are found by the person they are shared with, for as long as they are.
        let bob = try PublicKey.parse(line: TestService.bobKey).key
        let other = try await again.addKey(bob, comment: "", owner: "bob", at: start).owner
        record.job.shares = [
            .person(Person(id: "2", name: "bob")), .person(Person(id: "77", name: "nobody")),
        ]
        try await again.save(record, at: start)
        #expect(try await again.jobs(owner: other, live: false, shared: true) == [record.job])
        #expect(try await again.jobs(owner: other, live: true, shared: true).isEmpty)
        #expect(try await again.jobs(owner: other, live: false).isEmpty)
        #expect(try await again.jobs(owner: person, live: false, shared: true) == [record.job])
        record.job.shares = []
        try await again.save(record, at: start)
        #expect(try await again.jobs(owner: other, live: false, shared: true).isEmpty)
        #expect(try await again.hasJob(record.job.id))
        for text in ["01", "99", "x"] {
            #expect(try await again.job(JobID(text)!) == nil)
            #expect(try await again.shownJob(JobID(text)!) == nil)
            #expect(try await !again.hasJob(JobID(text)!))
        }
        // Nothing that is read or written again and again has the manifest in it; it goes with its job.
        func sizes() async throws -> [Int] {
            try await again.read {
                try Int.fetchAll(
                    $0, sql: "SELECT length(record) FROM job UNION ALL SELECT length(content) FROM manifest")
            }
        }
        let manifest = Manifest(
            image: "debian", tasks: [.init(name: "a", script: String(repeating: "\"", count: 100_000))])
        var large = try await again.addJob(
            NewJob(submission: Submission(by: person), manifest: manifest), at: start)
        #expect(try await sizes().sorted().last! > 200_000)
        #expect(try await sizes().count(where: { $0 > 2000 }) == 1)
        #expect(try await again.manifest(of: large.job.id) == manifest)
        large.job.status = .cancelled
        try await again.save(large, at: start)
        try await again.removeJob(large.job.id)
        #expect(try await sizes().count == 2)
    }

    /// A job that failed at `start`, with someone inside, as the first version stored it.
    private static let oldRecord = #"""
        {"builderStarted":821692790,"claims":[{"expires":821692870,"fingerprint":"SHA256:f","from":"192.0.2.1","id":"1-0",
        "kind":"shell","person":{"id":"1","name":"alice"},"session":"s1","since":821692810}],"endsWhenUnclaimed":false,
        "eventNumber":7,"isPrepared":true,"job":{"builder":{"address":"127.0.0.1","host_keys":["ssh-ed25519 AAAA"],
        "kept_until":821693400,"port":4022,"state":"kept","user":"build"},"created":821692790,"deadline":821699990,
        "held":false,"id":"1","max_deadline":821699990,"owner":{"id":"1","name":"alice"},"sessions":[{"from":"192.0.2.1",
        "kind":"shell","person":{"id":"1","name":"alice"},"session":"s1","since":821692810}],"shares":[{"id":"2",
        "name":"bob"}],"shell":false,
        "status":"failed","tasks":[{"ended":821692800,"exit_status":1,"name":"a","started":821692795,"status":"failed"}],
        "visibility":"unlisted"},"manifest":{"environment":[],"image":"debian","shell":false,
        "tasks":[{"name":"a","script":"exit 1"}],"timeout":3600}}
        """#

    @Test("data of an earlier version is read, and nobody inside loses the builder")
    func earlierVersion() async throws {
        let path = TestService.makeFolder() + "/runner.sqlite"
        let old = try DatabaseQueue(path: path)
        try SQLiteStore.migrations.migrate(old, upTo: "the boot by whose clock deadlines are meant")
        try await old.write { database in
            try database.execute(sql: "INSERT INTO person (name) VALUES ('alice'), ('bob')")
            for isLive in [true, false] {
                try database.execute(
                    sql: "INSERT INTO job (owner, live, record) VALUES (1, ?, ?)",
                    arguments: [isLive, Data(Self.oldRecord.utf8)])
            }
        }
        try old.close()
        let store = try SQLiteStore(path: path)
        #expect(try await store.people() == [Account(id: "1", name: "alice"), Account(id: "2", name: "bob")])
        let bob = Person(id: "2", name: "bob")
        #expect(try await store.jobs(owner: bob, live: true, shared: true).map(\.id) == [JobID("1")!])
        let record = try #require(try await store.liveJobs().first)
        #expect(record.build == .init(image: "debian"))
        let manifest = try await store.manifest(of: JobID("1")!)
        #expect(manifest == Manifest(image: "debian", tasks: [.init(name: "a", script: "exit 1")]))
        #expect(record.job.builderEnd == nil && record.lifetime == nil)
        var job = Lifecycle(
            record: record, times: Times(keep: 600, life: 3600, lease: 60, maxLife: 7200))
        _ = job.renewAll(at: start + 60)
        #expect(job.nextMoment == start + 120)
        #expect(job.timePassed(at: start + 119).isEmpty && job.record.job.deadline == start + 7190)
        _ = job.released("1-0", reason: .lost, at: start + 100)
        #expect(job.record.job.deadline == start + 700)
        try claim(&job, "again", .shell, at: start + 200)
        #expect(job.record.job.deadline == start + 3800)
        // When the other one ended is unknown; it counts from now on.
        #expect(try await store.jobsOver(since: .now + 1, behind: nil, limit: 9) == [JobID("2")])
        #expect(try await store.jobsOver(since: .now - 3600, behind: nil, limit: 9).isEmpty)
    }

    /// The terms in force are never forgotten, whenever they were accepted.
    @Test("only acceptances of earlier terms are forgotten, when they are old") func acceptances()
        async throws
    {
        let path = try TestService.makeFolder() + "/runner.sqlite"
        let store = try SQLiteStore(path: path, terms: "2")
        let alice = try await store.addKey(try alice(), comment: "", owner: "alice", at: start).owner
        for (version, days) in [("1", -100.0), ("2", -100), ("1b", -1)] {
            try await store.accept(version, by: alice, at: start + 86_400 * days)
        }
        #expect(try await store.removeAcceptances(before: start - 86_400 * 10) == 1)
        #expect(try await store.removeAcceptances(before: start - 86_400 * 10) == 0)
        #expect(try await store.removeAcceptances(before: start + 86_400) == 1)
        #expect(try await store.key(TestService.aliceFingerprint)?.unacceptedTerms == nil)
        store.close()
    }
}
