import AuthorizedKeys
import BuildAPI
import EventLoop
import FoundationEssentials
import ServiceClient
import Testing

@testable import Gateway

/// What a person reads who logs in without a command.
@Suite struct GreetingTests {
    private func greeting(
        for person: Person = Fixture.alice, _ jobs: [Job] = [], next: String? = nil, selfService: Bool = true,
        keys: [Key]? = nil, refusal: ServiceError? = nil
    ) throws -> [String] {
        let test = TestSession(on: EventLoop())
        test.service.offersSelfService = selfService
        test.service.listedKeys = keys
        test.service.refusal = refusal
        test.service.nextPage = next
        for job in jobs { test.service.jobs[job.id] = job }
        _ = Greeting().run(for: try Fixture.known(person), in: test.context)
        #expect(test.context.client.run() == .success)
        #expect(
            test.records.contains { $0.contains("greeting person=\(person.id) name=\(person.name) key=") })
        return test.said.output.split(separator: "\n").map(String.init)
    }

    /// The commands that are offered, without the host.
    private func commands(_ lines: [String]) -> [String] {
        lines.compactMap { line in
            line.firstMatch(of: #/ ssh (?:-t )?builds@\S+ (.*)/#).map { String($0.1) }
        }
    }

    private func kept(_ shares: [Person] = []) -> Job {
        var job = Fixture.job(shares: shares)
        job.deadline = .now + 600
        job.maxDeadline = .now + 7200
        return job
    }

    @Test func aNewcomerLearnsHowToBegin() throws {
        let lines = try greeting()
        #expect(lines[0] == "Hello alice.")
        #expect(commands(lines) == ["images", "submit --follow <job.yaml", "help"])
        #expect(commands(try greeting(selfService: false)) == ["help"])
    }

    @Test func aFailedJobIsEntered() throws {
        let offered = commands(try greeting([kept()]))
        #expect(offered.prefix(3) == ["connect 42", "tail 42", "extend 42"])
        #expect(offered.count <= 6 && offered.last == "help", "\(offered)")
        var running = Fixture.job(.running, builder: .ready)
        running.id = JobID("43")!
        #expect(commands(try greeting([running])).prefix(2) == ["connect --now 43", "tail 43"])
        // What has failed and waits is more urgent.
        #expect(commands(try greeting([running, kept()])).first == "connect 42")
    }

    @Test func olderJobsThanThereIsRoomForAreNotForgotten() throws {
        let lines = try greeting([kept()], next: "42")
        let sentence = lines.first { $0.hasPrefix("There are older jobs: ") }
        #expect(sentence?.hasSuffix(" list --before 42") == true, "\(lines)")
        #expect(commands(lines).contains("connect 42"))
        #expect(try !greeting(next: "42").contains { $0.contains("no running job") })
        #expect(try !greeting([kept()]).contains { $0.contains("older") })
    }

    @Test func aGuestSeesTheJobAndNothingThatIsItsOwners() throws {
        let lines = try greeting(for: Fixture.bob, [kept([Fixture.bob])])
        #expect(lines.contains { $0.contains("OWNER") } && lines.contains { $0.contains(" alice") })
        let offered = commands(lines)
        #expect(offered.first == "connect 42" && !offered.contains { $0.contains("extend") })
        #expect(try !greeting(for: Fixture.bob, [kept()]).joined().contains("42"))
    }

    @Test func aNewKeyIsToldForAWeek() throws {
        func key(_ name: String, daysAgo: Double?, limits: [Key.Limit]? = nil) -> Key {
            Key(
                fingerprint: name, type: "", key: "", comment: "a\u{1b}b", owner: Fixture.alice,
                suspended: false, limits: limits, added: daysAgo.map { .now - $0 * 24 * 3600 })
        }
        let lines = try greeting(keys: [
            key("SHA256:old", daysAgo: 7.1), key("SHA256:unknown", daysAgo: nil),
            key(TestSession.key.fingerprint, daysAgo: 1), key("SHA256:new", daysAgo: 6.9),
        ])
        #expect(lines[1].hasPrefix("A key was added for you at ") && lines[1].contains("SHA256:new a"))
        #expect(lines[1].contains(" UTC") && !lines[1].contains("\u{1b}"))
        #expect(lines[2].contains("keys remove FINGERPRINT"))
        #expect(lines.count { $0.contains("SHA256:") } == 1)
        let many = try greeting(keys: (1...5).map { key("SHA256:\($0)", daysAgo: Double($0)) })
        #expect(many.count { $0.contains("SHA256:") } == 3 && many[1].contains("SHA256:1"))
        #expect(many.contains("And 2 more keys."))
        for daysAgo in [nil, 0.5] {
            let pending = try greeting(keys: [key("SHA256:pending", daysAgo: daysAgo, limits: [.confirm])])
            #expect(pending[1] == "A key waits to be confirmed for you: SHA256:pending a?b (pending)")
            #expect(pending[2].contains("keys remove FINGERPRINT"))
        }
        #expect(try greeting(keys: []) == greeting() && greeting(selfService: false, keys: []).count > 1)
    }

    @Test(arguments: [ServiceError.Code.timedOut, .unavailable, .notPermitted])
    func keysThatCannotBeAskedForAreUnknown(code: ServiceError.Code) throws {
        let error = ServiceError(code, detail: "secret")
        let lines = try greeting([kept()], refusal: error)
        #expect(lines[0] == "Hello alice.")
        #expect(lines[1] == "Whether a key was added for you lately is unknown. \(error)")
        #expect(commands(lines).first == "connect 42" && !lines.joined().contains("secret"))
    }

    @Test(arguments: [
        ("alice", "name=alice"), ("Zoë.O-1", "name=Zoë.O-1"), ("a b", #"name="a b""#), ("", #"name="""#),
        (#"x" key="y"#, #"name="x\" key=\"y""#), ("a\nb", #"name="a?b""#),
    ])
    func aNameCannotPassForAnythingElseInARecord(name: String, record: String) {
        #expect(Person(id: "1", name: name).record == "person=1 \(record)")
    }
}
