import AuthorizedKeys
import BuildAPI
import Foundation
import GRDB
import Testing

@testable import Runner

/// The form in which jobs are stored, and the file that they are in.
@Suite("The stored form of a job")
struct StoredFormTests {
    private static let alice = Person(id: "1", name: "alice")

    /// Every member has a value.
    private static func record() -> JobRecord {
        let claim = StandingClaim(
            id: "1-0", session: "s1", person: alice, fingerprint: "SHA256:f", key: "ssh-ed25519 AAAA",
            kind: .proxy, isOwners: true, from: "192.0.2.1", since: start, expires: start + 60)
        let job = Job(
            id: JobID("1")!, name: "mine", owner: .group(Group(name: "team")), submitter: alice, note: "n",
            status: .failed,
            pool: "lab", arch: "arm64",
            visibility: .private,
            created: start, deadline: start + 1, maxDeadline: start + 2, held: true, logout: .ask, keep: 7,
            shares: [.person(Person(id: "2", name: "bob")), .group(Group(name: "all"))],
            tasks: [
                .init(
                    name: "a", status: .failed, started: start, ended: start + 3, exitStatus: 1,
                    script: "~/a", shortage: .memory, completeBuild: true)
            ], shell: true,
            builder: .init(
                state: .kept, endpoint: .address("127.0.0.1", port: 4022), user: "build", hostKeys: ["k"],
                keptUntil: start + 4, accelerator: .kvm, isolated: true),
            builderEnd: .init(reason: .released, by: alice),
            attached: .init(
                from: "192.0.2.7", key: "SHA256:k", adopted: true, system: "Linux", architecture: "x86_64",
                until: start + 12,
                away: true, idle: 13, gateway: "gw1.example.org"),
            rerun: .init(of: JobID("3")!, fresh: true, status: .failed, task: "a", exitStatus: 1),
            sessions: [claim.shown],
            entered: [.init(person: alice, role: .member, kind: .exec, since: start + 17)],
            administratorEntries: [.init(person: alice, reason: "a full disk", since: start + 18)],
            artifacts: .init(when: .always, evenIfEntered: true, count: 1, size: 18, remarks: ["none"]))
        return JobRecord(
            job: job, build: .init(image: "debian", keep: .always, timeout: 9, pool: "lab", arch: .arm64),
            source: 10,
            claims: [claim], sharers: ["2": alice],
            endedSessions: [EndedSession(claim: "1-1", session: "s0")],
            attachment: MachineAttachment(
                id: "i", secret: .init(bytes: [1, 2]), expires: start, awaySince: start + 14, wait: 15,
                idle: 16),
            builderStarted: start, until: start + 6, keptSince: start + 7, isEntered: true,
            lifetime: Lifetime(end: start + 5, isEntered: true, isExtended: true),
            isPrepared: true, endsWhenUnclaimed: true, artifactsUntil: start + 19, eventNumber: 11)
    }

    @Test("a record comes back as it was, except for its leases")
    func roundTrip() throws {
        var record = Self.record()
        let data = try JSONEncoder().encode(StoredJob(record))
        let read = try JSONDecoder().decode(StoredJob.self, from: data)
        record.claims[0].expires = .distantPast
        record.attachment?.expires = .distantPast
        #expect(try read.record() == record)
        #expect(try read.job() == record.job)
        // No member was left out by accident, here or there.
        let attached = try #require(record.job.attached)
        for mirror in [
            Mirror(reflecting: read), Mirror(reflecting: record.job), Mirror(reflecting: attached),
        ] {
            // That is only in the answer to the submission, or until there is a builder.
            for child in mirror.children where child.label != "removed" && child.label != "waits" {
                #expect("\(child.value)" != "nil", "\(child.label ?? "")")
            }
        }
    }

    @Test("a builder's socket comes back, and a builder that is nowhere is an error")
    func socket() throws {
        var record = Self.record()
        record.job.builder?.endpoint = .socket(path: "/run/sallyport/api.builders/1")
        var stored = StoredJob(record)
        #expect(stored.builder?.address == nil && stored.builder?.port == nil)
        let data = try JSONEncoder().encode(stored)
        #expect(try JSONDecoder().decode(StoredJob.self, from: data).job() == record.job)
        stored.builder?.socket = nil
        #expect(throws: StoredJob.UnknownWord.self) { try stored.job() }
    }

    @Test("a word or a version that is not known is an error, and not another job")
    func unknown() async throws {
        var stored = StoredJob(Self.record())
        stored.status = "paused"
        #expect(throws: StoredJob.UnknownWord.self) { try stored.job() }
        stored = StoredJob(Self.record())
        stored.version = 3
        let store = try await store()
        let data = try JSONEncoder().encode(stored)
        try await store.write { try $0.execute(sql: "UPDATE job SET record = ?", arguments: [data]) }
        let error = await #expect(throws: RunnerError.self) { try await store.shownJob(JobID("1")!) }
        #expect(error?.description == "The database was written by a later version of the runner.")
    }

    @Test("the file becomes smaller after jobs are removed, also one that an earlier version has made")
    func shrinking() async throws {
        let store = try await store()
        let path = store.database.path
        func size() throws -> Int {
            try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        }
        let large = Manifest(
            image: "debian", tasks: [.init(name: "a", script: String(repeating: "x", count: 1 << 20))])
        for _ in 0..<8 {
            var record = try await store.addJob(
                NewJob(submission: Submission(by: Self.alice), manifest: large), at: start)
            record.job.status = .cancelled
            try await store.save(record, at: start)
        }
        for id in 2...9 { try await store.removeJob(JobID("\(id)")!) }
        try await store.shrink()
        #expect(try size() < 1 << 20)
        store.close()
        let earlier = try DatabaseQueue(path: path)
        try await earlier.writeWithoutTransaction { try $0.execute(sql: "PRAGMA auto_vacuum = 0; VACUUM") }
        try earlier.close()
        let again = try SQLiteStore(path: path)
        #expect(try await again.read { try Int.fetchOne($0, sql: "PRAGMA auto_vacuum") } == 2)
        #expect(try await again.shownJob(JobID("1")!) != nil)
    }

    @Test("a key that was looked up before a change is not remembered after it")
    func knownKeys() async throws {
        let (known, key) = (
            KnownKeys(),
            Key(
                fingerprint: "f", type: "t", key: "k", comment: "", owner: Self.alice, suspended: false)
        )
        let found = try await known.find("f") { () async throws(RunnerError) in
            known.forget()
            return key
        }
        #expect(found == key && known["f"] == nil)
        _ = try await known.find("f") { () async throws(RunnerError) in key }
        #expect(known["f"] == key)
        #expect(try await known.find("g") { () async throws(RunnerError) in nil } == nil)
        known.forget()
        #expect(known["f"] == nil)
    }

    @Test("keys are read from the disk once, and again after a change")
    func keys() async throws {
        let store = try await store()
        let fingerprint = TestService.aliceFingerprint
        #expect(try await store.key(fingerprint)?.suspended == false)
        try await store.setSuspended("alice", true)
        #expect(try await store.key(fingerprint)?.suspended == true)
        store.close()
        #expect(try await store.key(fingerprint)?.suspended == true)
        await #expect(throws: RunnerError.self) { try await store.key("SHA256:other") }
    }

    /// With Alice and one job.
    private func store() async throws -> SQLiteStore {
        let store = try SQLiteStore(path: TestService.makeFolder() + "/runner.sqlite")
        let key = try PublicKey.parse(line: TestService.aliceKey).key
        _ = try await store.addKey(key, comment: "", owner: "alice", at: start)
        _ = try await store.addJob(
            NewJob(submission: Submission(by: Self.alice), manifest: Manifest(image: "debian")), at: start)
        return store
    }
}
