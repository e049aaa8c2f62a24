import AuthorizedKeys
import BuildAPI
import EventLoop
import Policy
import ServiceClient
import TestSupport
import Testing

@testable import Gateway

/// What people read about groups.
@Suite struct GroupsTests {
    private let time = VirtualTime()
    private let test: TestSession
    private var team: Party { .group(Fixture.team) }

    init() {
        test = TestSession(on: EventLoop(time))
        test.service.offersSelfService = true
    }

    private func run(_ text: String, groups: [Group] = [Fixture.team]) throws -> ExitStatus {
        guard case .personal(let command) = try Request(originalCommand: Array(text.utf8)) else {
            fatalError("“\(text)” is about a job")
        }
        var key = Fixture.key(of: Fixture.alice, groups: groups)
        key.fingerprint = TestSession.key.fingerprint
        test.service.keys = [key.fingerprint: key]
        let running = try command.run(
            for: try Fixture.known(Fixture.alice, groups: groups), in: test.context)
        return withExtendedLifetime(running) { test.context.client.run() }
    }

    /// A service without groups ignores what it does not know, and its answer says so.
    @Test(arguments: [("submit --group team", true), ("submit --group @team", false), ("submit", true)])
    func aJobIsSubmittedForAGroup(text: String, isGroups: Bool) throws {
        let wantsGroup = text.contains("group")
        var job = Fixture.job(.queued, builder: nil)
        if wantsGroup, isGroups { job.owner = team }
        test.service.submitted = job
        time.events = test.type("image: debian\n")
        test.endInput()
        #expect(try run(text) == .success)
        #expect(test.service.submissions.map(\.group) == [wantsGroup ? Fixture.team : nil])
        let said = test.said
        #expect(said.output == "job 42: queued\n")
        #expect(said.errors.contains("knows no groups: job 42 belongs to alice") == (wantsGroup && !isGroups))
    }

    @Test func whoamiNamesThem() throws {
        #expect(try run("whoami", groups: [Group(name: "all"), Fixture.team]) == .success)
        #expect(test.said.output.hasPrefix("alice, in @all, in @team, with the key SHA256:"))
        #expect(try run("whoami --json") == .success)
        #expect(test.said.output.contains(#""groups":["team"]"#))
    }

    @Test func aRefusalNamesTheGroup() throws {
        var job = Fixture.job()
        job.owner = team
        let bob = try Fixture.known(Fixture.bob, groups: [Group(name: "other")])
        let sentence = Refusal.denied(.othersJob(job), to: bob).sentence
        #expect(sentence.contains("Job 42 belongs to @team, not to you (bob"))
        #expect(sentence.contains("Only people in that group can let you in."))
    }
}
