import AuthorizedKeys
import BuildAPI
import EventLoop
import Policy
import ServiceClient
import TestSupport
import Testing

@testable import Gateway

/// What lasts ends when the person may no longer have it; hours pass in no time.
@Suite final class PermitKeeperTests {
    private let loop = EventLoop(VirtualTime())
    private let test: TestSession
    private var ends: [String] = []
    private let fingerprint = TestSession.key.fingerprint

    init() {
        test = TestSession(on: loop)
        know(bob)
    }

    private let bob = Fixture.bob

    private func know(_ person: Person, suspended: Bool = false, administrator: Bool = false) {
        test.service.keys[fingerprint] = Key(
            fingerprint: fingerprint, type: "ssh-ed25519", key: "AAAA", comment: "", owner: person,
            suspended: suspended, administrator: administrator, unacceptedTerms: nil)
    }

    private func keep(_ job: Job, administrator: Bool = false) throws -> PermitKeeper {
        let principal = try Fixture.known(bob, administrator: administrator)
        let permit = try Permit.decide(.look, on: job.id, job, for: principal)
        return PermitKeeper(permit, .look, in: test.context) { [unowned self] refusal in
            ends.append(refusal.message.sentence)
        }
    }

    private func pass(_ seconds: Int) {
        loop.timer(after: .seconds(seconds)) { [loop] in loop.stop() }
        loop.run()
    }

    private var questions: Int { test.service.requests.count { $0 == "key" } }
    private let closed = ["This session has ended: job 42 is no longer open to you."]

    @Test func anEndedShareIsNoticedWithTheEvent() throws {
        let keeper = try keep(Fixture.job(shares: [bob]))
        keeper.update(Fixture.job(.running, builder: .ready, shares: [bob]))
        #expect(ends.isEmpty)
        keeper.update(Fixture.job())
        #expect(ends == closed)
        keeper.update(Fixture.job(visibility: .private))
        pass(100)
        #expect(ends == closed && questions == 0, "it is over")
    }

    @Test func aJobThatIsNoLongerPublicIsNoticedToo() throws {
        let keeper = try keep(Fixture.job(visibility: .public))
        keeper.update(Fixture.job(visibility: .private))
        #expect(ends == closed)
    }

    @Test func suspensionDemotionAndRemovalAreNoticedWithinTwentySeconds() throws {
        let changes: [(change: () -> Void, end: [String])] = [
            ({ self.know(self.bob, suspended: true) }, ["Your account at the build service is suspended."]),
            (
                { self.test.service.keys = [:] },
                ["This session has ended: your key \(fingerprint) is no longer known here."]
            ),
            ({ self.know(self.bob) }, closed),
            ({ self.know(Fixture.alice) }, []),
        ]
        for (change, end) in changes {
            ends = []
            know(bob, administrator: true)
            let keeper = try keep(Fixture.job(), administrator: true)
            pass(60)
            #expect(ends.isEmpty)
            change()
            pass(21)
            #expect(ends == end)
            keeper.stop()
        }
    }

    @Test func heartbeatsAskInItsPlace() throws {
        let keeper = try keep(Fixture.job(shares: [bob]))
        keeper.hasHeartbeat = true
        pass(300)
        #expect(questions == 0 && ends.isEmpty)
        keeper.stop()
    }

    @Test func aServiceThatIsSilentForTooLongIsWarnedOfAndThenEndsIt() throws {
        let keeper = try keep(Fixture.job(shares: [bob]))
        test.service.keyFailure = Fixture.serviceError(.unreachable)
        pass(880)
        #expect(test.said.errors.isEmpty)
        pass(60)
        #expect(test.said.errors.contains("The build service has not answered for 15 minutes."))
        // It answers, if only with a refusal.
        test.service.keyFailure = Fixture.serviceError(.notPermitted)
        pass(60)
        test.service.keyFailure = Fixture.serviceError(.malformedAnswer)
        pass(1700)
        #expect(ends.isEmpty)
        pass(200)
        #expect(ends == ["This session has ended: the build service has not answered for 30 minutes."])
        keeper.stop()
    }
}
