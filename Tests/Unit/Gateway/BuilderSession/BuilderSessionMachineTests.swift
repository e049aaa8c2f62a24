import BuildAPI
import ServiceClient
import Testing

@testable import Gateway
@testable import SSHClient

/// A session on a builder as a state machine: what it does, and in which order.
@Suite struct BuilderSessionMachineTests {
    private let kept = Fixture.builder(.kept)
    private let ready = Fixture.builder(.ready)

    @Test func aKeptBuilderIsClaimedAndConnectedToAtOnce() {
        var machine = BuilderSessionMachine(Fixture.job(), kind: .shell, now: false, isOwner: true)
        #expect(machine.begin() == [.claim, .connect(kept)])
    }

    @Test func nothingAuthenticatesBeforeTheClaim() {
        var machine = entering()
        #expect(machine.handle(.connected) == [])
        #expect(machine.handle(.claimed(Fixture.claim(of: kept))) == [.authenticate(Fixture.claim(of: kept))])
        #expect(machine.handle(.authenticated) == [.start])
    }

    @Test func nothingAuthenticatesBeforeTheHostKeyIsVerified() {
        var machine = entering()
        #expect(machine.handle(.claimed(Fixture.claim(of: kept))) == [])
        #expect(machine.handle(.connected) == [.authenticate(Fixture.claim(of: kept))])
    }

    /// A claim is for one live builder: to it, with its host key, the connection has to go.
    @Test func aClaimForAnotherBuilderConnectsAnew() {
        let other = Fixture.builder(.kept, hostKey: "ssh-ed25519 BBBB")
        var machine = entering()
        #expect(machine.handle(.connected) == [])
        #expect(machine.handle(.claimed(Fixture.claim(of: other))) == [.connect(other)])
        #expect(machine.handle(.connected) == [.authenticate(Fixture.claim(of: other))])
    }

    @Test func whileTasksRunTheClaimStandsAndTheLogIsShown() {
        var machine = BuilderSessionMachine(
            Fixture.job(.running, builder: .ready), kind: .shell, now: false, isOwner: true)
        let actions = machine.begin()
        #expect(actions.filter { if case .say = $0 { false } else { true } } == [.claim, .watch, .showLog])
        #expect(machine.handle(.claimed(Fixture.claim(of: ready))) == [])
        #expect(machine.handle(.job(Fixture.job())) == [])
        #expect(machine.handle(.logShown(nil)) == [.connect(kept)])
    }

    @Test func afterTheTasksTheClaimedBuilderIsReached() {
        let other = Fixture.builder(.ready, hostKey: "ssh-ed25519 BBBB")
        var machine = BuilderSessionMachine(
            Fixture.job(.running, builder: .ready), kind: .shell, now: false, isOwner: true)
        _ = machine.begin()
        #expect(machine.handle(.claimed(Fixture.claim(of: other))) == [])
        #expect(machine.handle(.job(Fixture.job())) == [])
        #expect(machine.handle(.logShown(nil)) == [.connect(other)])
        #expect(machine.handle(.connected) == [.authenticate(Fixture.claim(of: other))])
    }

    @Test func aBuilderThatEndsWithItsTasksIsNotSaidToBeLost() {
        var machine = BuilderSessionMachine(
            Fixture.job(.running, builder: .ready), kind: .shell, now: false, isOwner: true)
        _ = machine.begin()
        #expect(machine.handle(.claimed(Fixture.claim(of: ready))) == [])
        #expect(machine.handle(.job(Fixture.job(.timeout, builder: .ready))) == [])
        #expect(machine.handle(.logShown(nil)) == [.connect(ready)])
        #expect(machine.handle(.job(Fixture.job(.timeout, builder: nil))) == [])
        let actions = machine.handle(.connectionFailed(SSHClientError(.lost, "in a test")))
        guard case .refuse(let refusal, .lost) = actions.first else {
            Issue.record("\(actions)")
            return
        }
        #expect(refusal.sentence.hasPrefix("Job 42 ran out of time"))
    }

    @Test func nowGoesInAtOnce() {
        var machine = BuilderSessionMachine(
            Fixture.job(.running, builder: .ready), kind: .shell, now: true, isOwner: true)
        #expect(machine.begin() == [.claim, .connect(ready)])
    }

    /// No claim, no harm to the build.
    @Test(
        arguments: [(Job.Status.pending, nil), (.queued, nil), (.running, nil), (.running, .booting)]
            as [(Job.Status, Job.Builder.State?)])
    func whatIsNotThereYetIsWaitedFor(status: Job.Status, state: Job.Builder.State?) {
        var machine = BuilderSessionMachine(
            Fixture.job(status, builder: state), kind: .shell, now: true, isOwner: true)
        let actions = machine.begin()
        #expect(actions.count == 2 && actions.last == .watch, "\(actions)")
        #expect(machine.handle(.job(Fixture.job(status, builder: state))) == [], "it is said once")
        #expect(machine.handle(.job(Fixture.job(.running, builder: .ready))) == [.claim, .connect(ready)])
    }

    /// Each reason replaces the one before.
    @Test func whyAJobWaitsIsSaid() {
        func job(_ reason: String?, in pool: String? = "cluster") -> Job {
            var job = Fixture.job(.queued, builder: nil)
            (job.waits, job.pool) = (reason, pool)
            return job
        }
        var machine = BuilderSessionMachine(job(nil), kind: .shell, now: false, isOwner: true)
        #expect(machine.begin() == [.wait(.queued(job(nil).id)), .watch])
        let first = machine.handle(.job(job("Slurm: Priority\u{1b}[2J")))
        #expect(first == [.wait(.waits("Job 42 waits in pool cluster: Slurm: Priority?[2J"))])
        #expect(machine.handle(.job(job("Slurm: Priority\u{1b}[2J"))) == [])
        #expect(
            machine.handle(.job(job("full", in: nil))) == [.wait(.waits("Job 42 waits: full"))])
        #expect(
            machine.handle(.job(Fixture.job(.running, builder: .booting)))
                == [.wait(.booting(job(nil).id))])
    }

    @Test(arguments: [(Job.Status.queued, "is still queued"), (.running, "is still booting")])
    func whoWaitsNoLongerIsTold(status: Job.Status, words: String) {
        var machine = BuilderSessionMachine(
            Fixture.job(status, builder: nil), kind: .proxy, now: true, isOwner: true)
        _ = machine.begin()
        let actions = machine.handle(.builderTimeout)
        #expect(refusal(actions)?.status == .tryAgain && reason(actions) == .lost)
        #expect(refusal(actions)?.sentence.contains(words) == true, "\(actions)")
    }

    @Test func whoHasReachedTheBuilderIsPatient() {
        var machine = entering(.proxy)
        #expect(machine.handle(.builderTimeout) == [])
    }

    @Test(arguments: Job.Status.allCases.filter(\.isFinal))
    func aJobWithoutABuilderIsOver(status: Job.Status) {
        var machine = BuilderSessionMachine(
            Fixture.job(status, builder: nil), kind: .shell, now: false, isOwner: true)
        #expect(refusal(machine.begin())?.status == .noBuilder)
    }

    @Test func aJobThatSucceedsWhileWaitingAndKeepsNothingIsOver() {
        var machine = BuilderSessionMachine(
            Fixture.job(.running, builder: .ready), kind: .shell, now: false, isOwner: true)
        _ = machine.begin()
        _ = machine.handle(.job(Fixture.job(.success, builder: nil)))
        #expect(refusal(machine.handle(.logShown(nil)))?.status == .noBuilder)
    }

    @Test(arguments: [
        (Claim.Kind.shell, RemoteEnding.exited(status: 7), ExitStatus(7), Claim.Reason.done),
        (.exec, .exited(status: 7), ExitStatus(7), .done), (.exec, .exited(status: 0), .success, .done),
        (.proxy, .exited(status: 0), .success, .done),
        (.shell, .killed(signal: "HUP"), ExitStatus(129), .lost),
        (.exec, .killed(signal: "TERM"), ExitStatus(143), .done),
    ])
    func theRemoteEndIsOurs(kind: Claim.Kind, ending: RemoteEnding, status: ExitStatus, reason: Claim.Reason)
    {
        var machine = inside(kind)
        #expect(machine.handle(.ended(ending)) == [.finish(status, reason)])
        #expect(machine.handle(.ended(ending)) == [], "what is over stays over")
    }

    /// A worker that forgets a job at its success ends the claim a moment before the log.
    @Test(arguments: [ServiceError.Code.builderGone, .claimEnded])
    func aClaimThatEndsWithTheJobLeavesTheLastWordToTheLog(code: ServiceError.Code) {
        for builder in [nil, kept] {
            var machine = BuilderSessionMachine(
                Fixture.job(.running, builder: .ready), kind: .shell, now: false, isOwner: true)
            _ = machine.begin()
            _ = machine.handle(.claimed(Fixture.claim(of: ready)))
            #expect(machine.handle(.heartbeat(Fixture.serviceError(code))) == [])
            #expect(machine.handle(.heartbeat(Fixture.serviceError(code))) == [])
            _ = machine.handle(.job(Fixture.job(.success, builder: builder?.state)))
            let actions = machine.handle(.logShown(nil))
            if let builder {
                #expect(actions == [.claim, .connect(builder)])
            } else {
                #expect(refusal(actions)?.sentence.hasPrefix("Job 42 succeeded") == true, "\(actions)")
            }
        }
    }

    @Test(arguments: [(Claim.Kind.exec, Claim.Reason.done), (.shell, .lost)])
    func aSignalWithoutANameIsNotTakenForAnother(kind: Claim.Kind, expected: Claim.Reason) {
        for name in ["SIG@openssh.com", "BUS@example.org", ""] {
            var machine = inside(kind)
            let actions = machine.handle(.ended(.killed(signal: name)))
            #expect(refusal(actions)?.status == ExitStatus(255) && reason(actions) == expected)
        }
    }

    @Test(
        arguments: [
            (true, .ask, .finishAndAsk(ExitStatus(7))), (true, .end, .finish(ExitStatus(7), .logout)),
            (true, nil, .finish(ExitStatus(7), .logout)), (false, .ask, .finish(ExitStatus(7), .done)),
            (false, .end, .finish(ExitStatus(7), .done)),
        ] as [(Bool, Job.Logout?, BuilderSessionMachine.Action)])
    func onlyTheOwnersLogoutSaysAnything(
        isOwner: Bool, logout: Job.Logout?, expected: BuilderSessionMachine.Action
    ) {
        var job = Fixture.job()
        job.logout = logout
        var machine = BuilderSessionMachine(job, kind: .shell, now: false, isOwner: isOwner)
        enter(&machine)
        #expect(machine.handle(.loggedOut(status: 7)) == [expected])
        #expect(machine.handle(.loggedOut(status: 7)) == [], "what is over stays over")
    }

    @Test func aChannelWithoutAStatusIsLost() {
        var machine = inside(.shell)
        #expect(machine.handle(.ended(.unknown)) == [.determineReason])
        let actions = machine.handle(.reasonTimeout)
        #expect(refusal(actions)?.status == .noBuilder && reason(actions) == .lost)
    }

    @Test func aHangUpIsLost() {
        var machine = inside(.shell)
        let actions = machine.handle(.interrupted(signal: 1, cause: "SIGHUP"))
        #expect(refusal(actions)?.status == ExitStatus(129) && reason(actions) == .lost)
    }

    @Test(
        arguments: [
            (.builderGone, .noBuilder), (.noSuchJob, .noBuilder), (.notPermitted, .notPermitted),
            (.termsChanged, .notPermitted), (.notReady, .tryAgain), (.unavailable, .tryAgain),
        ] as [(ServiceError.Code, ExitStatus)])
    func noClaimNoEntry(code: ServiceError.Code, expected: ExitStatus) {
        var machine = entering()
        _ = machine.handle(.connected)
        #expect(refusal(machine.handle(.notClaimed(Fixture.serviceError(code))))?.status == expected)
        #expect(machine.handle(.authenticated) == [])
    }

    @Test(arguments: [.unavailable, .tooMany(nil), .timedOut] as [ServiceError.Code])
    func aServiceInTroubleEndsNothing(code: ServiceError.Code) {
        var machine = inside(.shell)
        #expect(machine.handle(.heartbeat(Fixture.serviceError(code))) == [])
    }

    @Test func aPersonWhoMayNotBeInsideAnyMoreIsOut() {
        var machine = inside(.shell)
        let actions = machine.handle(.heartbeat(Fixture.serviceError(.notPermitted)))
        #expect(refusal(actions)?.status == .notPermitted && reason(actions) == .lost)
    }

    /// It may have run out while nobody could reach the service.
    @Test(arguments: [.claimEnded, .builderGone] as [ServiceError.Code])
    func aClaimThatDoesNotStandIsAskedForAgain(code: ServiceError.Code) {
        var machine = inside(.shell)
        #expect(machine.handle(.heartbeat(Fixture.serviceError(code))) == [.claim])
        #expect(machine.handle(.heartbeat(Fixture.serviceError(code))) == [], "once")
        #expect(machine.handle(.claimed(Fixture.claim(of: kept))) == [])
        #expect(machine.handle(.ended(.exited(status: 0))) == [.finish(.success, .done)])
    }

    @Test(
        arguments: [
            (.notPermitted, .notPermitted), (.noSuchJob, .noBuilder), (.builderGone, .noBuilder),
        ] as [(ServiceError.Code, ExitStatus)])
    func aNoToTheSecondClaimEndsTheSession(code: ServiceError.Code, expected: ExitStatus) {
        var machine = inside(.shell)
        _ = machine.handle(.heartbeat(Fixture.serviceError(.claimEnded)))
        let actions = machine.handle(.notClaimed(Fixture.serviceError(code)))
        if code != .notPermitted { #expect(actions == [.determineReason]) }
        #expect(refusal(actions + machine.handle(.reasonTimeout))?.status == expected)
    }

    @Test func aSecondClaimForAnotherBuilderEndsTheSession() {
        var machine = inside(.shell)
        _ = machine.handle(.heartbeat(Fixture.serviceError(.claimEnded)))
        let other = Fixture.claim(of: Fixture.builder(.kept, hostKey: "ssh-ed25519 BBBB"))
        #expect(refusal(machine.handle(.claimed(other)))?.status == .noBuilder)
    }

    @Test func thatTheLeaseHasRunOutIsSaidOnce() {
        var machine = inside(.shell)
        let actions = machine.handle(.leaseRanOut)
        #expect(actions.count == 1)
        if case .say = actions.first {} else { Issue.record("\(actions)") }
        #expect(machine.handle(.leaseRanOut) == [])
        #expect(machine.handle(.heartbeat(Fixture.serviceError(.claimEnded))) == [.claim])
        #expect(machine.handle(.notClaimed(Fixture.serviceError(.unavailable))) == [])
        #expect(machine.handle(.heartbeat(Fixture.serviceError(.claimEnded))) == [.claim])
    }

    /// Only a person who has been inside can return there.
    @Test func aServiceThatIsSilentForTooLongEndsItInItsWords() {
        let silence = Refusal.serviceSilent(.seconds(1800), isInside: true)
        for (machine, isInside) in [(inside(.shell), true), (entering(), false)] {
            var machine = machine
            #expect(
                machine.handle(.revoked(silence))
                    == [.refuse(.serviceSilent(.seconds(1800), isInside: isInside), .lost)])
        }
    }

    @Test func afterAHangUpOrAKeyThatInterruptsNothingIsSaid() {
        for (signal, isSilent) in [(1, true), (2, true), (3, true), (15, false)] as [(CInt, Bool)] {
            var machine = inside(.shell)
            let refusal = refusal(machine.handle(.interrupted(signal: signal, cause: "")))
            #expect(refusal?.sentence.isEmpty == isSilent && refusal?.status == .signal(signal))
        }
    }

    // MARK: Why it ended

    static let ends: [(Job.BuilderEnd?, String)] = [
        (.init(reason: .released, by: Fixture.bob), "has ended: bob has released it. Its log"),
        (.init(reason: .released), "has ended: it was released. Its log"),
        (.init(reason: .deadline), "has ended: its time was up."),
        (.init(reason: .kept), "has ended: nobody entered it in time."),
        (.init(reason: .logout), "has ended: the last shell logged out."),
        (.init(reason: .cancelled, by: Fixture.bob), "has ended: bob has cancelled the job."),
        (.init(reason: .cancelled), "has ended: the job was cancelled."),
        (.init(reason: .timeout), "has ended: the job ran out of time."),
        (.init(reason: .success), "has ended: the job succeeded, and nothing kept it."),
        (.init(reason: .released, by: Person(id: "9", name: "\u{1b}c")), "has ended: ?c has released it."),
        (.init(reason: .lost), "has ended. Its log"), (nil, "has ended. Its log"),
        (.init(reason: .init(rawValue: "a word of a later version")), "has ended. Its log"),
    ]

    @Test(arguments: ends) func aBuilderThatEndsEndsItsSessionsWithASentence(
        end: Job.BuilderEnd?, expected: String
    ) {
        for kind in Claim.Kind.allCases {
            var machine = inside(kind)
            let actions = machine.handle(.job(Self.ended(end)))
            let refusal = refusal(actions)
            #expect(refusal?.sentence.contains("The builder of job 42 \(expected)") == true, "\(actions)")
            #expect(refusal?.status == .noBuilder && reason(actions) == .lost)
        }
    }

    /// The connection breaks a moment before or after the service says so.
    @Test(arguments: [
        BuilderSessionMachine.Event.connectionFailed(SSHClientError(.lost, "in a test")), .ended(.unknown),
    ]) func aConnectionThatBreaksMayHaveAReason(event: BuilderSessionMachine.Event) {
        var machine = inside(.shell)
        #expect(machine.handle(event) == [.determineReason])
        #expect(machine.handle(.job(Fixture.job())) == [], "it lives, for all that is known")
        #expect(machine.handle(.heartbeat(Fixture.serviceError(.claimEnded))) == [])
        let actions = machine.handle(.job(Self.ended(.init(reason: .deadline))))
        #expect(refusal(actions)?.sentence.contains("its time was up") == true, "\(actions)")
        #expect(machine.handle(.reasonTimeout) == [])
    }

    @Test(arguments: [
        (
            BuilderSessionMachine.Event.connectionFailed(SSHClientError(.lost, "in a test")),
            "The connection to the builder was lost. If the builder is still alive, run the same command again to "
                + "return; what runs in tmux there goes on.",
            "The connection to the builder was lost. The builder has ended."
        ),
        (
            .ended(.unknown), "The builder of job 42 closed the session.",
            "The builder of job 42 closed the session. It has ended."
        ),
    ]) func ifNobodySaysWhyWhatIsKnownIsSaid(event: BuilderSessionMachine.Event, lives: String, ended: String)
    {
        var machine = inside(.shell)
        _ = machine.handle(event)
        let actions = machine.handle(.reasonTimeout)
        #expect(refusal(actions)?.sentence == lives && reason(actions) == .lost)
        machine = inside(.shell)
        _ = machine.handle(event)
        #expect(refusal(machine.handle(.job(Self.ended(.init(reason: .lost)))))?.sentence == ended)
    }

    @Test func whatTheServiceHasSaidOnTheWayInIsRemembered() {
        var machine = entering()
        _ = machine.handle(.connected)
        _ = machine.handle(.claimed(Fixture.claim(of: kept)))
        _ = machine.handle(.authenticated)
        #expect(machine.handle(.job(Self.ended(.init(reason: .released, by: Fixture.bob)))) == [])
        _ = machine.handle(.started)
        let actions = machine.handle(.connectionFailed(SSHClientError(.lost, "in a test")))
        #expect(refusal(actions)?.sentence.contains("bob has released it") == true, "\(actions)")
    }

    @Test func aServiceThatNeverSaysWhyIsNotWaitedFor() {
        var machine = inside(.shell)
        _ = machine.handle(.ended(.unknown))
        #expect(machine.handle(.watchEnded(Fixture.serviceError(.unavailable))) == [], "it may still come")
        #expect(refusal(machine.handle(.watchEnded(Fixture.serviceError(.noSuchJob))))?.status == .noBuilder)
    }

    @Test func aBrokenStreamEndsNothing() {
        for error in [nil, Fixture.serviceError(.unavailable)] {
            var machine = inside(.shell)
            #expect(machine.handle(.watchEnded(error)) == [])
        }
    }

    /// It does not claim the builder again, and says that this can be done.
    @Test(arguments: Claim.Kind.allCases) func aSessionThatAnAdministratorEndsIsOver(kind: Claim.Kind) {
        let error = Fixture.serviceError(.sessionEnded)
        func isEnded(_ actions: [BuilderSessionMachine.Action]) -> Bool {
            actions == [.refuse(.sessionEnded(error), .lost)]
        }
        var machine = inside(kind)
        #expect(isEnded(machine.handle(.heartbeat(error))) && machine.handle(.heartbeat(error)).isEmpty)
        // The lease has run out, and the session has asked for another claim.
        machine = inside(kind)
        #expect(machine.handle(.heartbeat(Fixture.serviceError(.claimEnded))) == [.claim])
        #expect(isEnded(machine.handle(.notClaimed(error))))
        machine = entering(kind)
        #expect(isEnded(machine.handle(.notClaimed(error))))
        machine = entering(kind)
        _ = machine.handle(.claimed(Fixture.claim(of: kept)))
        #expect(isEnded(machine.handle(.heartbeat(error))))
    }

    @Test func anIdleSessionIsClosedAndTheBuilderKept() {
        var machine = inside(.shell)
        let actions = machine.handle(.idle(.seconds(900)))
        #expect(
            refusal(actions)?.sentence.contains("was closed after 15 minutes without input or output.")
                == true)
        #expect(refusal(actions)?.status == .tryAgain && reason(actions) == .lost)
    }

    private static func ended(_ end: Job.BuilderEnd?) -> Job {
        var job = Fixture.job(builder: nil)
        job.builderEnd = end
        return job
    }

    private func entering(_ kind: Claim.Kind = .shell) -> BuilderSessionMachine {
        var machine = BuilderSessionMachine(Fixture.job(), kind: kind, now: false, isOwner: true)
        _ = machine.begin()
        return machine
    }

    private func inside(_ kind: Claim.Kind) -> BuilderSessionMachine {
        var machine = entering(kind)
        enter(&machine)
        return machine
    }

    private func enter(_ machine: inout BuilderSessionMachine) {
        _ = machine.begin()
        _ = machine.handle(.connected)
        _ = machine.handle(.claimed(Fixture.claim(of: kept)))
        _ = machine.handle(.authenticated)
        _ = machine.handle(.started)
    }

    private func refusal(_ actions: [BuilderSessionMachine.Action]) -> Refusal? {
        for case .refuse(let refusal, _) in actions { return refusal }
        return nil
    }

    private func reason(_ actions: [BuilderSessionMachine.Action]) -> Claim.Reason? {
        for case .refuse(_, let reason) in actions { return reason }
        return nil
    }
}
