import FoundationEssentials
import Testing

@testable import BuildAPI

/// The values of API v1 as they are on the wire.
@Suite struct ValuesTests {
    static let job = #"""
        {"id":"42","owner":{"id":"1","name":"alice"},"note":null,"status":"failed","visibility":"unlisted",
         "created":"2026-11-21T10:00:00Z","deadline":"2026-11-21T10:00:00.5Z","max_deadline":null,"held":false,
         "shares":[{"id":"2","name":"bob"}],
         "tasks":[{"name":"build","status":"failed","started":"2026-11-21T10:00:00Z","ended":null,"exit_status":3,
                   "script":"~/.tasks/build","shortage":"a word of a later version"}],
         "shell":true,
         "builder":{"state":"kept","address":"127.0.0.1","port":2222,"user":"build",
                    "host_keys":["ssh-ed25519 AAAA"],"kept_until":"2026-11-21T11:00:00Z"},
         "builder_end":{"reason":"a word of a later version","by":{"id":"2","name":"bob"}},
         "sessions":[{"session":"s","person":{"id":"1","name":"alice"},"kind":"shell","from":"::1",
                      "since":"2026-11-21T10:00:00Z"}],
         "a member of a later version":{}}
        """#

    @Test func aJobIsReadWithAllItsMembers() throws {
        let job = try JSON.decode(Job.self, from: Data(Self.job.utf8))
        let ten = try Date("2026-11-21T10:00:00Z", strategy: .iso8601)
        let alice = Person(id: "1", name: "alice")
        let expected = Job(
            id: try #require(JobID("42")), owner: .person(alice), status: .failed, created: ten,
            deadline: ten.addingTimeInterval(0.5), shares: [.person(Person(id: "2", name: "bob"))],
            tasks: [
                .init(
                    name: "build", status: .failed, started: ten, exitStatus: 3, script: "~/.tasks/build",
                    shortage: .init(rawValue: "a word of a later version"))
            ], shell: true,
            builder: .init(
                state: .kept, endpoint: .address("127.0.0.1", port: 2222), user: "build",
                hostKeys: ["ssh-ed25519 AAAA"],
                keptUntil: ten.addingTimeInterval(3600)),
            builderEnd: .init(
                reason: .init(rawValue: "a word of a later version"), by: Person(id: "2", name: "bob")),
            sessions: [.init(session: "s", person: alice, kind: .shell, from: "::1", since: ten)])
        #expect(job == expected)
    }

    /// Other services do not support administrators and terms of use.
    @Test(
        arguments: [
            ("", false, nil), (#","administrator":true,"unaccepted_terms":null"#, true, nil),
            (#","unaccepted_terms":"2026-11""#, false, "2026-11"),
        ] as [(String, Bool, String?)])
    func aKeyNeedNotSayAll(more: String, administrator: Bool, unacceptedTerms: String?) throws {
        let text = #"""
            {"fingerprint":"f","type":"t","key":"k","comment":"c","owner":{"id":"1","name":"alice"},
             "suspended":false\#(more)}
            """#
        let expected = Key(
            fingerprint: "f", type: "t", key: "k", comment: "c", owner: Person(id: "1", name: "alice"),
            suspended: false, administrator: administrator, unacceptedTerms: unacceptedTerms)
        #expect(try JSON.decode(Key.self, from: Data(text.utf8)) == expected)
    }

    /// Services from before tasks could be called `setup` know the job's own log by that name alone.
    @Test(arguments: [
        (LogName.job, ["build"], "setup"), (LogName.job, [], "setup"),
        (LogName.job, ["build", "setup"], ".job"), ("setup", ["setup"], "setup"),
        ("build", ["build", "setup"], "build"),
    ])
    func aJobsOwnLogIsAskedForByItsNameInAPIv1(log: String, tasks: [String], name: String) {
        #expect(
            LogName.inRequest(log, of: tasks.map { Job.Task(name: $0, status: .pending) }) == name)
        #expect(!TaskName.isValid(LogName.job))
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        var job = try JSON.decode(Job.self, from: Data(Self.job.utf8))
        job.deadline = nil
        #expect(try JSON.decode(Job.self, from: try JSON.encode(job)) == job)
    }

    @Test(arguments: [
        ("\"42\"", "\"a/b\""), ("\"failed\",\"vis", "\"exploded\",\"vis"), ("10:00:00Z", "ten o'clock"),
        ("\"owner\"", "\"owned\""), ("2222", "\"2222\""), ("2222", "-1"), ("2222", "65536"), ("2222", "1e99"),
    ])
    func aJobThatIsNoneIsRefused(original: String, replacement: String) {
        let text = Self.job.replacing(original, with: replacement)
        #expect(text != Self.job)
        #expect(throws: (any Error).self) { try JSON.decode(Job.self, from: Data(text.utf8)) }
    }

    /// The administrator's log has these words.
    @Test(
        arguments: [
            (#""id":"42","#, "", #"no member "id""#), (#""user":"build","#, "", #"no member "builder.user""#),
            (#""name":"build","status":"failed","#, #""status":"failed","#, #"no member "tasks[0].name""#),
            ("10:00:00Z", "ten o'clock", #"member "created": expected a time such as 2026-11-21T10:00:00Z"#),
            (#""2026-11-21T10:00:00.5Z""#, "5", #"member "deadline": expected a time such as"#),
            (#"false"#, #""no""#, #"member "held": expected true or false"#),
            ("2222", #""2222""#, #"member "builder.port": expected a whole number"#),
            ("2222", "-1", "not JSON, or a number in it is out of range"),
            (#"["ssh-ed25519 AAAA"]"#, #""ssh-ed25519""#, #"member "builder.host_keys": expected a list"#),
            (#""ssh-ed25519 AAAA""#, "7", #"member "builder.host_keys[0]": expected a text"#),
            (#"{"id":"1","name":"alice"},"note""#, #"7,"note""#, #"member "owner": expected an object"#),
            (
                #""failed","visibility""#, #""exploded","visibility""#,
                #"member "status": unknown word "exploded""#
            ),
            (#""42""#, #""a/b""#, #"member "id": expected the id of a job"#),
            (#""status":"failed","vis"#, #""status":null,"vis"#, #"member "status""#),
            (#"{"id""#, "<html>", "not JSON"),
        ])
    func whatIsWrongIsSaidInWords(original: String, replacement: String, words: String) throws {
        let text = Self.job.replacing(original, with: replacement, maxReplacements: 1)
        #expect(text != Self.job)
        let error = try #require(throws: DecodingError.self) {
            try JSON.decode(Job.self, from: Data(text.utf8))
        }
        let complaint = JSON.complaint(about: error)
        #expect(complaint.hasPrefix(words) && !complaint.contains("CodingKey"), "\(complaint)")
    }

    private static let address = #""address":"127.0.0.1","port":2222,"#

    /// With both forms the socket counts: the address is for gateways of earlier versions.
    @Test(arguments: ["", address]) func aBuilderCanBeReachedThroughASocket(more: String) throws {
        let text = Self.job.replacing(Self.address, with: #""endpoint":"unix:/run/s/42","# + more)
        let job = try JSON.decode(Job.self, from: Data(text.utf8))
        #expect(job.builder?.endpoint == .socket(path: "/run/s/42"))
        let written = try JSON.encode(job)
        #expect(try JSON.decode(Job.self, from: written).builder == job.builder)
        let words = String(decoding: written, as: UTF8.self)
        #expect(words.contains(#""endpoint":"unix:\/run\/s\/42""#) || words.contains("unix:/run/s/42"))
        // What a gateway of an earlier version misses.
        #expect(!words.contains("address") && !words.contains("port"))
    }

    @Test(arguments: [
        (#""endpoint":"unix:s","#, #"member "builder.endpoint": expected "unix:/path""#),
        (#""endpoint":"tcp:127.0.0.1:22","#, #"member "builder.endpoint": expected "unix:/path""#),
        (#""endpoint":7,"#, #"member "builder.endpoint": expected a text"#),
        ("", #"no member "builder.address""#),
    ])
    func anEndpointThatIsNoneIsRefused(endpoint: String, words: String) throws {
        let text = Self.job.replacing(Self.address, with: endpoint)
        let error = try #require(throws: DecodingError.self) {
            try JSON.decode(Job.self, from: Data(text.utf8))
        }
        #expect(JSON.complaint(about: error).hasPrefix(words), "\(JSON.complaint(about: error))")
    }

    /// A gateway calculates with leases, so none can be too long for that.
    @Test(arguments: [
        ("60", true), ("4294967295", true), ("4294967296", false), ("-1", false), ("1e30", false),
    ])
    func aLeaseIsATime(lease: String, isTime: Bool) throws {
        let text = #"""
            {"id":"7-1","job":"7","kind":"exec","deadline":null,"lease":\#(lease),
             "builder":{"state":"ready","address":"::1","port":22,"user":"build","host_keys":[]}}
            """#
        let claim = try? JSON.decode(Claim.self, from: Data(text.utf8))
        #expect((claim != nil) == isTime)
    }

    @Test(arguments: [
        ("plain-._~09azAZ", "plain-._~09azAZ"), ("SHA256:a/b+c", "SHA256%3Aa%2Fb%2Bc"),
        ("a b?&#%\n", "a%20b%3F%26%23%25%0A"), ("é", "%C3%A9"), ("..", ".."), ("", ""),
    ])
    func whatIsInAPathIsEncoded(text: String, encoded: String) {
        #expect(text.percentEncoded == encoded)
    }
}
