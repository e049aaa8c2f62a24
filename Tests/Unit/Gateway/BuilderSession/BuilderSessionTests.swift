import Audit
import AuthorizedKeys
import BuildAPI
import EventLoop
import FoundationEssentials
import Glibc
import Policy
import SSHClient
import ServiceClient
import TestSupport
import Testing

@testable import Gateway

/// A whole session on a builder without one: the service is in memory, and the transport does what a test says.
@Suite final class BuilderSessionTests {
    private let time = VirtualTime()
    private lazy var loop = EventLoop(time)

    /// Connects, authenticates and starts at once, and then waits for the test.
    private final class ScriptedTransport: BuilderTransport {
        let kind: Claim.Kind
        let isOftenShort = true
        var onEvent: (BuilderSessionMachine.Event) -> Void = { _ in }
        private(set) var calls: [String] = []
        /// What happens once it has started.
        private let afterwards: (ScriptedTransport) -> Void
        private let loop: EventLoop

        init(_ kind: Claim.Kind, on loop: EventLoop, afterwards: @escaping (ScriptedTransport) -> Void) {
            self.kind = kind
            self.loop = loop
            self.afterwards = afterwards
        }

        func connect(to builder: Job.Builder) { happens("connect", .connected) }
        func authenticate(with claim: Claim) { happens("authenticate", .authenticated) }
        var auditedFields: [AuditRecord.Field: AuditRecord.Value] { [.kind: .text(kind.rawValue)] }
        func start() {
            happens("start", .started)
            loop.timer(after: .seconds(1)) { [self] in afterwards(self) }
        }
        func enter(_ job: Job) { calls.append("enter") }
        func update(_ job: Job) { calls.append("update") }
        func update(deadline: Date?) { calls.append("deadline") }
        func windowChanged() { calls.append("windowChanged") }
        func leave() { calls.append("leave") }

        private func happens(_ call: String, _ event: BuilderSessionMachine.Event) {
            calls.append(call)
            loop.timer(after: .zero) { [self] in onEvent(event) }
        }
    }

    private func run(
        _ kind: Claim.Kind, claim: Result<Claim, ServiceError>? = nil, job: Job = Fixture.job(),
        builderTimeout: Duration? = nil,
        _ afterwards: @escaping (ScriptedTransport, BuilderSession, TestSession) -> Void = { _, _, _ in }
    ) throws -> (test: TestSession, transport: ScriptedTransport, status: ExitStatus) {
        let test = TestSession(on: loop)
        test.service.claim = claim ?? .success(Fixture.claim(of: Fixture.builder(.kept)))
        test.service.jobs[job.id] = job
        let permit = try Permit.decide(.enter, on: job.id, job, for: try Fixture.known(Fixture.alice))
        var session: BuilderSession?
        let transport = ScriptedTransport(kind, on: loop) { transport in
            if let session { afterwards(transport, session, test) }
        }
        session = BuilderSession(
            permit, over: transport, now: true, builderTimeout: builderTimeout, in: test.context)
        session?.start()
        let status = withExtendedLifetime(session) { test.context.client.run() }
        return (test, transport, status)
    }

    @Test func aCommandsStatusIsTheSessionsAndTheClaimIsGivenBack() throws {
        let (test, transport, status) = try run(.exec) { transport, _, _ in
            transport.onEvent(.ended(.exited(status: 7)))
        }
        #expect(status == ExitStatus(7) && test.service.releases == [.done])
        #expect(transport.calls == ["connect", "authenticate", "start", "enter", "leave"])
        #expect(test.records.contains { $0.contains("connect job=42 person=1") })
        #expect(test.said.errors.isEmpty)
    }

    @Test func aSignalCutsTheSessionOffAndKeepsTheBuilder() throws {
        let (test, transport, status) = try run(.shell) { _, session, _ in session.interrupted(by: SIGTERM) }
        #expect(status == .signal(SIGTERM) && test.service.releases == [.lost])
        #expect(transport.calls.last == "leave")
        #expect(test.said.errors.contains("The gateway has ended this session."))
    }

    @Test func aClientThatGoesAwayIsNotSpokenTo() throws {
        let (test, _, status) = try run(.shell) { _, _, test in test.context.client.onGone?("in a test") }
        #expect(status == .signal(SIGHUP) && test.service.releases == [.lost] && test.said.errors.isEmpty)
    }

    @Test func theClientOfAProxiedConnectionEndsItByGoing() throws {
        let (test, _, status) = try run(.proxy) { _, _, test in test.context.client.onGone?("in a test") }
        #expect(status == .success && test.service.releases == [.done])
    }

    /// Whatever kind it is: nobody waits for the next heartbeat, and nothing is claimed again.
    @Test(arguments: Claim.Kind.allCases)
    func aSessionThatAnAdministratorEndsIsOverAtOnce(kind: Claim.Kind) throws {
        let (test, transport, status) = try run(kind) { [loop] _, _, test in
            loop.timer(after: .seconds(1)) {
                var job = Fixture.job()
                job.sessions = [test.session]
                test.service.report(.job(job))
                test.service.heartbeat = .failure(Fixture.serviceError(.sessionEnded))
                job.sessions = []
                test.service.report(.job(job))
            }
        }
        #expect(
            status == .tryAgain && transport.calls.last == "leave" && loop.now.nanoseconds < 3_000_000_000)
        #expect(test.service.requests.count { $0 == "claim" } == 1 && test.service.releases == [.lost])
        #expect(
            test.said.errors.contains(
                "An administrator has ended this session. The builder is still there: run the same command again to return."
            ))
    }

    @Test func theWindowsSizeIsHandedOn() throws {
        let (_, transport, _) = try run(.shell) { transport, session, _ in
            session.windowChanged()
            transport.onEvent(.ended(.exited(status: 0)))
        }
        #expect(transport.calls.contains("windowChanged"))
    }

    @Test func nothingIsOpenedWithoutAClaim() throws {
        let (test, transport, status) = try run(.shell, claim: .failure(Fixture.serviceError(.notPermitted)))
        #expect(status == .notPermitted && !transport.calls.contains("authenticate"))
        #expect(test.service.releases.isEmpty)
    }

    /// The claim ends, and the service does not say what changes about the person: only the key can still be asked for.
    @Test func aKeyThatIsRemovedWhileTheLogIsShownIsNoticed() throws {
        let test = TestSession(on: loop)
        let job = Fixture.job(.running, builder: .ready)
        var key = Fixture.key(of: Fixture.alice)
        key.fingerprint = TestSession.key.fingerprint
        test.service.keys = [key.fingerprint: key]
        test.service.jobs[job.id] = job
        test.service.claim = .success(Fixture.claim(of: Fixture.builder(.ready)))
        let session = BuilderSession(
            try Permit.decide(.enter, on: job.id, job, for: try Fixture.known(Fixture.alice)),
            over: ScriptedTransport(.shell, on: loop) { _ in }, now: false, in: test.context)
        session.start()
        loop.timer(after: .seconds(30)) {
            test.service.heartbeat = .failure(Fixture.serviceError(.claimEnded))
        }
        loop.timer(after: .seconds(70)) { test.service.keys = [:] }
        loop.timer(after: .seconds(300)) { test.context.finish(.success) }
        let status = withExtendedLifetime(session) { test.context.client.run() }
        #expect(status == .notPermitted && loop.now.nanoseconds <= 91_000_000_000)
        #expect(test.said.errors.contains("is no longer known here"))
    }

    @Test func proxyWaitsForABuilderForItsTime() throws {
        let (test, transport, status) = try run(
            .proxy, job: Fixture.job(.running, builder: .booting), builderTimeout: .seconds(13))
        #expect(status == .tryAgain && transport.calls == ["leave"])
        #expect(test.said.errors.contains("is still booting"))
    }

    // MARK: Leaving

    /// What the service says of a job that someone can leave.
    private func keptJob(_ logout: Job.Logout? = .ask, others: [Job.Session] = []) -> Job {
        var job = Fixture.job()
        (job.logout, job.sessions) = (logout, others)
        job.deadline = .now + 600
        return job
    }

    /// What is typed once the shell has ended; empty: nothing.
    @Test(arguments: [
        ("y\n", true), ("YES \n", true), ("n\n", false), ("\n", false), ("exit\n", false), ("", false),
    ])
    func theOwnerIsAskedOnceWhetherTheMachineEnds(answer: String, ends: Bool) throws {
        let (test, transport, status) = try run(.shell, job: keptJob()) { [time] transport, _, test in
            test.service.offersSelfService = true
            transport.onEvent(.loggedOut(status: 7))
            time.events = test.type(answer)
        }
        #expect(status == ExitStatus(7) && test.service.releases == [.logout])
        #expect(transport.calls.last == "leave")
        #expect(test.service.actions == (ends ? [.releaseBuilder] : []))
        let errors = test.said.errors
        #expect(errors.contains("End the machine of job 42 now? Otherwise it ends at "))
        #expect(errors.contains(" UTC. [y/N]") && errors.contains("The machine of job 42 ends now.") == ends)
    }

    @Test func nobodyWaitsForAnAnswerForLong() throws {
        let (_, _, status) = try run(.shell, job: keptJob()) { transport, _, test in
            test.service.offersSelfService = true
            transport.onEvent(.loggedOut(status: 0))
        }
        #expect(status == .success && time.waits.contains(10_000_000_000))
    }

    /// Ctrl-C at the question is no, and so is a terminal that is closed.
    @Test(arguments: [true, false]) func aQuestionThatIsLeftEndsNothing(isSignal: Bool) throws {
        let (test, _, status) = try run(.shell, job: keptJob()) { transport, session, test in
            test.service.offersSelfService = true
            transport.onEvent(.loggedOut(status: 3))
            if isSignal { session.interrupted(by: SIGINT) } else { test.context.client.onGone?("in a test") }
        }
        #expect(status == ExitStatus(3) && test.service.actions.isEmpty)
    }

    @Test func nothingIsAskedWhereThereIsNothingToDecide() throws {
        let other = Job.Session(session: "x", person: Fixture.bob, kind: .shell, from: "", since: .now)
        var held = keptJob()
        held.held = true
        for job in [keptJob(others: [other]), keptJob(.end), keptJob(nil), held] {
            let (test, _, status) = try run(.shell, job: job) { transport, _, test in
                test.service.offersSelfService = true
                transport.onEvent(.loggedOut(status: 1))
            }
            #expect(status == ExitStatus(1) && test.service.releases == [.logout] && test.said.errors.isEmpty)
        }
    }

    @Test func aMachineThatCannotBeEndedIsSpokenOf() throws {
        let (test, _, status) = try run(.shell, job: keptJob()) { [time] transport, _, test in
            test.service.offersSelfService = true
            test.service.refusal = Fixture.serviceError(.unavailable)
            transport.onEvent(.loggedOut(status: 0))
            time.events = test.type("y\n")
        }
        #expect(status == .tryAgain && test.said.errors.contains("cannot answer now"))
    }
}
