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
        test.service.jobs[job.id] = job
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
        keeper.take(.job(Fixture.job(.running, builder: .ready, shares: [bob])))
        #expect(ends.isEmpty)
        keeper.take(.job(Fixture.job()))
        #expect(ends == closed)
        keeper.take(.job(Fixture.job(visibility: .private)))
        keeper.take(.person)
        pass(100)
        #expect(ends == closed && questions == 0, "it is over")
    }

    @Test func aJobThatIsNoLongerPublicIsNoticedToo() throws {
        let keeper = try keep(Fixture.job(visibility: .public))
        keeper.take(.job(Fixture.job(visibility: .private)))
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

    @Test func aServiceThatReportsWhatChangesAboutThePersonIsNotAskedRegularly() throws {
        let keeper = try keep(Fixture.job(shares: [bob]))
        keeper.take(.person)
        #expect(questions == 1, "something may have changed before the stream began")
        for _ in 0..<20 {
            pass(15)
            keeper.take(.alive)
        }
        #expect(questions == 1 && ends.isEmpty)
        // An answer that does not come leaves it in doubt.
        test.service.keyFailure = Fixture.serviceError(.unreachable)
        keeper.take(.person)
        pass(21)
        #expect(questions == 3)
        test.service.keyFailure = nil
        pass(20)
        pass(100)
        #expect(questions == 4)
        keeper.take(.interrupted)
        pass(61)
        #expect(questions == 7)
        test.service.keys = [:]
        keeper.take(.person)
        #expect(ends == ["This session has ended: your key \(fingerprint) is no longer known here."])
    }

    @Test func aServiceThatReportsAndThenFallsSilentIsWarnedOfToo() throws {
        let keeper = try keep(Fixture.job(shares: [bob]))
        keeper.take(.person)
        pass(300)
        test.service.keyFailure = Fixture.serviceError(.unreachable)
        pass(300)
        keeper.take(.alive)
        pass(880)
        #expect(test.said.errors.isEmpty && ends.isEmpty)
        pass(60)
        #expect(test.said.errors.contains("The build service has not answered for 15 minutes."))
        keeper.take(.alive)
        pass(1700)
        #expect(ends.isEmpty)
        pass(200)
        #expect(ends == ["This session has ended: the build service has not answered for 30 minutes."])
        keeper.stop()
    }

    @Test func heartbeatsAskInItsPlace() throws {
        let keeper = try keep(Fixture.job(shares: [bob]))
        keeper.heartbeat(nil)
        pass(300)
        #expect(questions == 0 && ends.isEmpty)
        // An ended claim says nothing about the person.
        keeper.heartbeat(Fixture.serviceError(.claimEnded))
        #expect(questions == 1)
        pass(61)
        #expect(questions == 4 && ends.isEmpty)
        keeper.heartbeat(nil)
        pass(300)
        #expect(questions == 4)
        test.service.keys = [:]
        keeper.heartbeat(Fixture.serviceError(.claimEnded))
        #expect(ends == ["This session has ended: your key \(fingerprint) is no longer known here."])
    }

    /// builds.sr.ht: the worker knows nothing of keys.
    @Test func heartbeatsThatKnowNoPeopleAreNoAnswer() throws {
        test.service.hasLeases = false
        let keeper = try keep(Fixture.job(shares: [bob]))
        test.service.keyFailure = Fixture.serviceError(.unreachable)
        for _ in 0..<181 {
            keeper.heartbeat(nil)
            pass(10)
        }
        #expect(questions == 90)
        #expect(ends == ["This session has ended: the build service has not answered for 30 minutes."])
        keeper.stop()
    }

    /// Nothing is watched: the job has ended, or its events have.
    @Test func aJobThatIsNotWatchedIsAskedFor() throws {
        let shared = Fixture.job(shares: [bob])
        for isWatchedAtFirst in [false, true] {
            ends = []
            let keeper = try keep(shared)
            if isWatchedAtFirst {
                keeper.take(.job(shared))
                keeper.take(.person)
                pass(60)
                let before = test.service.requests.count
                #expect(!test.service.requests.suffix(1).contains("job"), "the watch says it")
                pass(60)
                #expect(test.service.requests.count == before)
                keeper.watchEnded()
            }
            pass(60)
            #expect(ends.isEmpty && test.service.requests.last == "job")
            test.service.jobs[shared.id] = Fixture.job()
            pass(21)
            #expect(ends == closed)
            keeper.stop()
        }
        ends = []
        let keeper = try keep(shared)
        test.service.jobs = [:]
        pass(21)
        #expect(ends == closed, "it is gone")
        keeper.stop()
    }

    @Test(
        arguments: [
            (.suspended, "Your account at the build service is suspended."),
            (.notPermitted, "The build service refused."),
            (.conflict, "Your key belongs to more than one person at the build service."),
            (.noSuchPerson, "The build service refused."),
        ] as [(ServiceError.Code, String)])
    func whatRefusesALoginEndsWhatLasts(code: ServiceError.Code, sentence: String) throws {
        let keeper = try keep(Fixture.job(shares: [bob]))
        pass(60)
        test.service.keyFailure = Fixture.serviceError(code)
        pass(21)
        #expect(ends == [sentence])
        keeper.stop()
    }

    /// However short the limit is and however seldom heartbeats are, a service that answers is not called silent.
    @Test(arguments: [1, 20, 60, 300, 1800]) func aServiceThatAnswersIsNotSilent(limit: Int) throws {
        for hasHeartbeat in [true, false] {
            let test = TestSession(on: loop, revocationTimeout: limit)
            test.service.keys = self.test.service.keys
            let job = Fixture.job(shares: [bob])
            test.service.jobs[job.id] = job
            let permit = try Permit.decide(.look, on: job.id, job, for: try Fixture.known(bob))
            let keeper = PermitKeeper(permit, .look, in: test.context) { [unowned self] refusal in
                ends.append(refusal.message.sentence)
            }
            for _ in 0..<6 {
                if hasHeartbeat { keeper.heartbeat(nil) }
                pass(100)
            }
            #expect(ends.isEmpty && test.said.errors.isEmpty, "\(limit)")
            test.service.keyFailure = Fixture.serviceError(.timedOut)
            pass(limit + limit / 4 + 2)
            #expect(ends.count == 1, "\(limit)")
            keeper.stop()
            ends = []
        }
    }

    @Test func aServiceThatIsSilentForTooLongIsWarnedOfAndThenEndsIt() throws {
        let keeper = try keep(Fixture.job(shares: [bob]))
        test.service.keyFailure = Fixture.serviceError(.unreachable)
        pass(880)
        #expect(test.said.errors.isEmpty)
        pass(60)
        #expect(test.said.errors.contains("The build service has not answered for 15 minutes."))
        // It answers.
        test.service.keyFailure = nil
        pass(60)
        test.service.keyFailure = Fixture.serviceError(.malformedAnswer)
        pass(1700)
        #expect(ends.isEmpty)
        pass(200)
        #expect(ends == ["This session has ended: the build service has not answered for 30 minutes."])
        keeper.stop()
    }
}
