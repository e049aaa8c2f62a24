import BuildAPI
import EventLoop
import Policy
import ServiceClient
import TestSupport
import Testing

@testable import Gateway

/// A claim is kept as long as someone is inside, and given back once; hours pass in no time.
@Suite final class ClaimKeeperTests {
    private let time = VirtualTime()
    private let loop: EventLoop
    private let test: TestSession
    private var heard: [String] = []
    private var keeper: ClaimKeeper!

    init() throws {
        loop = EventLoop(time)
        test = TestSession(on: loop)
        let job = Fixture.job()
        let permit = try Permit.decide(.enter, on: job.id, job, for: try Fixture.known(Fixture.alice))
        keeper = ClaimKeeper(permit, kind: .shell, in: test.context) { [unowned self] event in
            switch event {
            case .claimed: heard.append("claimed")
            case .notClaimed(let error): heard.append("not claimed: \(error.code)")
            case .deadline: heard.append("deadline")
            case .heartbeat(let error): heard.append(error.map { "heartbeat: \($0.code)" } ?? "heartbeat")
            case .leaseRanOut: heard.append("lease ran out")
            }
        }
    }

    private func pass(_ seconds: Int) {
        loop.timer(after: .seconds(seconds)) { [loop] in loop.stop() }
        loop.run()
    }

    private var heartbeats: Int { test.service.requests.count { $0 == "heartbeat" } }

    @Test func aLeaseIsRenewedEveryThirdOfIt() {
        test.service.claim = .success(Fixture.claim(of: Fixture.builder(.kept)))
        keeper.request()
        #expect(heard == ["claimed"])
        pass(59)
        #expect(heartbeats == 2)
        pass(3600)
        #expect((181...183).contains(heartbeats) && !heard.contains("lease ran out"))
    }

    @Test func aLeaseThatNobodyRenewsRunsOutOnce() {
        test.service.claim = .success(Fixture.claim(of: Fixture.builder(.kept)))
        test.service.heartbeat = .failure(Fixture.serviceError(.unreachable))
        keeper.request()
        pass(59)
        #expect(heard == ["claimed", "heartbeat: unreachable", "heartbeat: unreachable"])
        pass(1)
        #expect(heard.count { $0 == "lease ran out" } == 1)
        // The service is back.
        test.service.heartbeat = nil
        pass(600)
        #expect(heard.count { $0 == "lease ran out" } == 1 && heard.last == "heartbeat")
    }

    /// builds.sr.ht: nothing ends.
    @Test func whereThereAreNoLeasesNoneRunsOut() {
        test.service.hasLeases = false
        test.service.claim = .success(Fixture.claim(of: Fixture.builder(.kept)))
        test.service.heartbeat = .failure(Fixture.serviceError(.unreachable))
        keeper.request()
        pass(600)
        #expect(heartbeats > 20 && !heard.contains("lease ran out"))
    }

    /// What the service shows of the job tells when there is something to ask about.
    @Test func aClaimThatIsNoLongerShownIsAskedAboutAtOnce() {
        test.service.claim = .success(Fixture.claim(of: Fixture.builder(.kept)))
        var job = Fixture.job()
        keeper.jobChanged(job)
        keeper.request()
        job.sessions = [test.session]
        keeper.jobChanged(job)
        #expect(heartbeats == 0)
        test.service.heartbeat = .failure(Fixture.serviceError(.sessionEnded))
        job.sessions = []
        keeper.jobChanged(job)
        keeper.jobChanged(job)
        #expect(heard == ["claimed", "heartbeat: sessionEnded"])
        keeper.release(.lost) {}
        job.sessions = [test.session]
        keeper.jobChanged(job)
        job.sessions = []
        keeper.jobChanged(job)
        #expect(heartbeats == 1)
    }

    @Test func aServiceThatShowsNobodyIsAskedOnce() {
        test.service.claim = .success(Fixture.claim(of: Fixture.builder(.kept)))
        keeper.request()
        for _ in 0..<3 { keeper.jobChanged(Fixture.job()) }
        #expect(heartbeats == 1 && heard == ["claimed", "deadline", "heartbeat"])
    }

    @Test func aClaimIsGivenBackOnceAndNothingIsHeardAfterwards() {
        test.service.claim = .success(Fixture.claim(of: Fixture.builder(.kept)))
        keeper.request()
        var done = 0
        keeper.release(.done) { done += 1 }
        keeper.release(.logout) { done += 1 }
        pass(600)
        #expect(test.service.releases == [.done] && done == 1)
        #expect(heard == ["claimed"] && heartbeats == 0)
    }

    @Test func whatWasNeverClaimedIsNotGivenBack() {
        test.service.claim = .failure(Fixture.serviceError(.builderGone))
        keeper.request()
        var done = 0
        keeper.release(.lost) { done += 1 }
        #expect(heard == ["not claimed: builderGone"] && test.service.releases.isEmpty && done == 1)
    }
}
