import Foundation
import TestSupport
import Testing
import Yams

@testable import BuildAPI

/// docs/build-service.yaml and the values that Swift reads and writes say the same.
@Suite("The contract in OpenAPI")
struct ContractTests {
    /// One value with every member, and one with the required members only.
    struct Sample: Sendable, CustomTestStringConvertible {
        let schema: String
        let full: Data
        let bare: Data
        /// Reads such a value.
        let decode: @Sendable (Data) throws -> Void

        init<Value: Codable & SendableMetatype>(_ schema: String, _ full: Value, bare: Value) throws {
            self.schema = schema
            decode = { _ = try JSON.decode(Value.self, from: $0) }
            self.full = try JSON.encode(full)
            self.bare = try JSON.encode(bare)
        }

        var testDescription: String { schema }
    }

    static let samples: [Sample] = {
        let alice = Person(id: "1", name: "alice")
        let time = Date(timeIntervalSince1970: 0)
        let builder = Job.Builder(
            state: .kept, endpoint: .address("::1", port: 22), user: "build", hostKeys: [])
        var kept = builder
        kept.keptUntil = time
        kept.accelerator = .kvm
        (kept.isolated, kept.certified, kept.firstUse) = (true, false, true)
        var (onSocket, keptOnSocket) = (builder, kept)
        onSocket.endpoint = .socket(path: "/run/1")
        keptOnSocket.endpoint = .socket(path: "/run/1")
        let task = Job.Task(
            name: "a", status: .failed, started: time, ended: time, exitStatus: 1, script: "~/a",
            shortage: .memory, completeBuild: true)
        let session = Job.Session(session: "s", person: alice, kind: .shell, from: "::1", since: time)
        let bareAttached = Job.Attached(from: "::1", key: "")
        let attached = Job.Attached(
            from: "::1", key: "", adopted: true, system: "", architecture: "", until: time, away: true,
            idle: 1, gateway: "")
        let job = Job(
            id: JobID("1")!, name: "mine", owner: .group(Group(name: "team")), submitter: alice, note: "",
            status: .failed,
            pool: "lab", arch: "x86_64", waits: "", created: time, deadline: time,
            maxDeadline: time, logout: .ask, keep: 600,
            shares: [.person(alice), .group(Group(name: "team"))], builder: kept,
            builderEnd: .init(reason: .kept), attached: attached,
            rerun: .init(of: JobID("1")!, fresh: true, status: .failed, task: "a", exitStatus: 1),
            entered: [.init(person: alice, role: .owner, kind: .shell, since: time)],
            administratorEntries: [.init(person: alice, reason: "", since: time)],
            artifacts: .init(when: .always, evenIfEntered: true, count: 1, size: 1, remarks: []),
            removed: [JobID("2")!])
        let bareJob = Job(id: JobID("1")!, owner: .person(alice), status: .queued)
        let bareKey = Key(fingerprint: "", type: "", key: "", comment: "", owner: alice, suspended: false)
        var key = bareKey
        (key.unacceptedTerms, key.groups) = ("1", [Group(name: "team")])
        key.from = ["192.0.2.7"]
        (key.limits, key.expires, key.added, key.word) = ([.confirm], time, time, "kmn4-7pqr")
        let bareAccount = Account(id: "1", name: "alice")
        let account = Account(id: "1", name: "alice", groups: [Group(name: "team")], robot: true)
        let terms = TermsOfUse(version: "1", text: "")
        let claim = Claim(
            id: "1", job: JobID("1")!, kind: .proxy, builder: builder, deadline: time, lease: 1,
            keyAdmitted: true)
        let authority = HostAuthority(key: "", suffixes: [], user: "")
        let bareClaim = Claim(
            id: "1", job: JobID("1")!, kind: nil, builder: builder, deadline: nil, lease: 1)
        let bareRequest = ClaimRequest(
            session: "", kind: .shell, person: .init(id: "1"), keyFingerprint: "", key: "", from: "")
        let request = ClaimRequest(
            session: "", kind: .shell, person: .init(id: "1"), keyFingerprint: "", key: "", from: "",
            reason: "")
        let bareNewKey = NewKey(owner: "", key: "")
        let newKey = NewKey(owner: "", key: "", limits: [.attach], expires: time, from: [])
        let bareAttachment = BuildAPI.Attachment(id: "", job: bareJob, lease: 1, reconnect: 1)
        let attachment = BuildAPI.Attachment(
            id: "", job: bareJob, lease: 1, reconnect: 1, certificates: [], secret: "", serviceUser: 1)
        let bareNewAttachment = NewAttachment(
            key: "", from: "", endpoint: "", user: "", hostKeys: [], running: true)
        let newAttachment = NewAttachment(
            key: "", from: "", endpoint: "", user: "", hostKeys: [], running: false, exitStatus: 1, name: "",
            note: "", member: "", visibility: .private, until: time, wait: 1, idle: 1, system: "",
            architecture: "", log: true, gateway: "")
        let bareResumption = Resumption(
            job: JobID("1")!, secret: "", key: "", from: "", endpoint: "", hostKeys: [])
        var resumption = bareResumption
        resumption.gateway = ""
        let barePairing = Pairing(id: "", expires: time, lease: 1)
        let pairing = Pairing(id: "", code: "", expires: time, lease: 1, attachment: attachment)
        let adoption = Adoption(code: "", key: "")
        let overdue = OverdueRelease(
            allocation: "", pool: "", job: JobID("1")!, since: Date(timeIntervalSince1970: 0), entered: true)
        let pool = BuilderPool(
            name: "local", description: "", arch: ["x86_64"], max: 1, free: 0, waiting: 1, isDefault: true,
            refusal: .init(detail: "", again: time), firstUse: true)
        return try! [
            Sample("Person", alice, bare: alice),
            Sample("Party", job.owner, bare: Party.person(alice)), Sample("Key", key, bare: bareKey),
            Sample("KeyList", KeyList(keys: [], next: "1"), bare: KeyList(keys: [])),
            Sample("NewKey", newKey, bare: bareNewKey), Sample("Attached", attached, bare: bareAttached),
            Sample("Attachment", attachment, bare: bareAttachment),
            Sample("NewAttachment", newAttachment, bare: bareNewAttachment),
            Sample("Resumption", resumption, bare: bareResumption),
            Sample("Pairing", pairing, bare: barePairing),
            Sample("Adoption", adoption, bare: adoption),
            Sample("AttachedExit", AttachedExit(exitStatus: 1), bare: AttachedExit(exitStatus: 1)),
            Sample("KeyConfirmation", KeyConfirmation(word: ""), bare: KeyConfirmation(word: "")),
            Sample("Job", job, bare: bareJob),
            Sample("JobList", JobList(jobs: [], next: "1"), bare: JobList(jobs: [])),
            Sample("EarlyEntry", job.entered![0], bare: job.entered![0]),
            Sample("JobArtifacts", job.artifacts!, bare: Job.Artifacts()),
            Sample(
                "Artifact", Artifact(name: "a", size: 1, sha256: ""), bare: Artifact(name: "a", size: 1)),
            Sample(
                "ArtifactList", ArtifactList(artifacts: [], taken: time, withheld: ""),
                bare: ArtifactList(artifacts: [])),
            Sample("Task", task, bare: Job.Task(name: "a", status: .pending)),
            Sample("BuilderAtAddress", kept, bare: builder),
            Sample("BuilderOnSocket", keptOnSocket, bare: onSocket),
            Sample(
                "BuilderEnd", Job.BuilderEnd(reason: .released, by: alice),
                bare: Job.BuilderEnd(reason: .lost)),
            Sample("Session", session, bare: session),
            Sample("Account", account, bare: bareAccount),
            Sample("AccountList", AccountList(people: [], next: "1"), bare: AccountList(people: [])),
            Sample("TermsOfUse", terms, bare: terms),
            Sample("HostAuthority", authority, bare: authority),
            Sample(
                "Image",
                Image(
                    name: "debian", description: "", memory: 1, cpus: 1, network: .outbound, disk: 1),
                bare: Image(name: "debian")),
            Sample("Pool", pool, bare: BuilderPool(name: "local")),
            Sample("PoolRefusal", pool.refusal!, bare: BuilderPool.Refusal(detail: "")),
            Sample("PoolList", PoolList(pools: []), bare: PoolList(pools: [])),
            Sample("OverdueRelease", overdue, bare: overdue),
            Sample("AllocationList", AllocationList(allocations: []), bare: AllocationList(allocations: [])),
            Sample("ImageList", ImageList(images: []), bare: ImageList(images: [])),
            Sample("Claim", claim, bare: bareClaim), Sample("ClaimRequest", request, bare: bareRequest),
            Sample(
                "Problem",
                Problem(
                    title: "", status: 422, detail: "", line: 1, key: "",
                    faults: [.init(line: 1, column: 1, key: "", detail: "")],
                    quota: Quota(what: "sessions", limit: 1)),
                bare: Problem(title: "", status: 404)),
        ]
    }()

    @Test("every member of a value is a property of its schema, and vice versa", arguments: samples)
    func members(sample: Sample) throws {
        let schema = try Self.schema(sample.schema)
        let properties = try #require(schema["properties"] as? [String: Any])
        let required = try #require(schema["required"] as? [String])
        #expect(try Self.names(sample.full) == Set(properties.keys))
        // Members with a default are always written.
        let defaulted = properties.filter { ($0.value as? [String: Any])?["default"] != nil }.keys
        #expect(try Self.names(sample.bare) == Set(required).union(defaulted))
    }

    @Test("the required members are needed, and are enough", arguments: samples)
    func necessity(sample: Sample) throws {
        let required = try #require(try Self.schema(sample.schema)["required"] as? [String])
        let full = try #require(try JSONSerialization.jsonObject(with: sample.full) as? [String: Any])
        func decode(_ members: [String: Any]) throws {
            try sample.decode(JSONSerialization.data(withJSONObject: members))
        }
        try decode(full.filter { required.contains($0.key) })
        for name in full.keys {
            var members = full
            members[name] = nil
            if required.contains(name) {
                #expect(throws: DecodingError.self, "\(name)") { try decode(members) }
            } else {
                #expect(throws: Never.self, "\(name) is absent") { try decode(members) }
                members[name] = NSNull()
                #expect(throws: Never.self, "\(name) is null") { try decode(members) }
            }
        }
    }

    @Test("a new deadline has one of two members")
    func newDeadline() throws {
        let properties = try #require(try Self.schema("NewDeadline")["properties"] as? [String: Any])
        let written = try [
            NewDeadline(seconds: 1), NewDeadline(until: Date(timeIntervalSince1970: 0)),
        ].map { try Self.names(JSON.encode($0)) }
        #expect(written == [["seconds"], ["until"]] && Set(properties.keys) == ["seconds", "until"])
    }

    static let words: [(schema: String, property: String?, words: [String])] = [
        ("Job", "status", Job.Status.allCases.map(\.rawValue)),
        ("Job", "visibility", Job.Visibility.allCases.map(\.rawValue)),
        ("Task", "status", Job.Task.Status.allCases.map(\.rawValue)),
        ("BuilderAtAddress", "state", Job.Builder.State.allCases.map(\.rawValue)),
        ("Kind", nil, Claim.Kind.allCases.map(\.rawValue)),
    ]

    @Test("a schema has the same words as the Swift code", arguments: words)
    func vocabulary(schema: String, property: String?, words: [String]) throws {
        var found = try Self.schema(schema)
        if let property {
            found = try #require((found["properties"] as? [String: Any])?[property] as? [String: Any])
        }
        #expect(found["enum"] as? [String] == words)
    }

    @Test("the examples are values")
    func examples() throws {
        func example(_ name: String) throws -> Data {
            let examples = try #require(try Self.components()["examples"] as? [String: [String: Any]])
            return try JSONSerialization.data(withJSONObject: try #require(examples[name]?["value"]))
        }
        #expect(try JSON.decode(Key.self, from: example("key")).owner.name == "alice")
        #expect(try JSON.decode(Job.self, from: example("job")).builder?.state == .kept)
        #expect(try JSON.decode(Claim.self, from: example("claim")).lease == 60)
    }

    @Test("every member of the four answers on the authors' page is necessary, and they are enough")
    func page() throws {
        let page = try Project.text(of: "docs/build-service.md")
        let answers = page.matches(of: #/(?s)```json\n(.*?)```/#).map { Data($0.1.utf8) }
        try #require(answers.count == 4)
        let reads: [(Data) throws -> Void] = [
            { _ = try JSON.decode(Key.self, from: $0) }, { _ = try JSON.decode(Job.self, from: $0) },
            { _ = try JSON.decode(Claim.self, from: $0) }, { _ = try JSON.decode(Claim.self, from: $0) },
        ]
        for (answer, read) in zip(answers, reads) {
            try read(answer)
            let members = try #require(try JSONSerialization.jsonObject(with: answer) as? [String: Any])
            for (name, value) in members where name != "builder" || members["lease"] != nil {
                let without = try JSONSerialization.data(withJSONObject: members.filter { $0.key != name })
                #expect(throws: DecodingError.self, "\(name) is not necessary") { try read(without) }
                for inner in (value as? [String: Any] ?? [:]).keys {
                    var less = members
                    less[name] = (value as? [String: Any])?.filter { $0.key != inner }
                    let without = try JSONSerialization.data(withJSONObject: less)
                    #expect(throws: DecodingError.self, "\(name).\(inner) is not necessary") {
                        try read(without)
                    }
                }
            }
        }
        let sample = try Project.text(of: "docs/examples/service.py")
        #expect(sample.count { $0 == "\n" } == 60, "the page says so")
    }

    private static func names(_ json: Data) throws -> Set<String> {
        Set(try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any]).keys)
    }

    private static func schema(_ name: String) throws -> [String: Any] {
        try #require((try components()["schemas"] as? [String: Any])?[name] as? [String: Any])
    }

    private static func components() throws -> [String: Any] {
        let text = try Project.text(of: "docs/build-service.yaml")
        let contract = try #require(try Yams.load(yaml: text) as? [String: Any])
        return try #require(contract["components"] as? [String: Any])
    }
}
