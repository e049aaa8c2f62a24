import AuthorizedKeys
import BuildAPI
import EventLoop
import Glibc
import Policy
import SSHClient
import ServiceClient
import ShownLogs

/// `connect` and `proxy`: carries out what ``BuilderSessionMachine`` decides.
final class BuilderSession: RunningCommand {
    let context: SessionContext
    private let permit: Permit
    private let reason: String?
    private let transport: any BuilderTransport
    private let builderTimeout: Duration?
    private var machine: BuilderSessionMachine
    private var job: Job
    private var phase = Phase.outside
    private var watch: (any ServiceStream)?
    private var follower: LogFollower?
    private var question: EndQuestion?
    private let waitingLine: WaitingLine
    private var keeper: PermitKeeper?
    private lazy var claim = ClaimKeeper(
        permit, kind: transport.kind, reason: reason, in: context
    ) { [unowned self] in
        happened($0)
    }

    /// Where the person is, which decides what they are told.
    private enum Phase { case outside, inside, over }

    /// Of what an administrator gives as a reason, so many characters count.
    private static let longestReason = 500
    /// How long to wait for the service to say why the session has ended.
    private static let reasonTimeout = Duration.seconds(3)
    /// A session that lasts longer than this is not short.
    private static let shortSession = Duration.seconds(1)
    /// The pause before a lost stream of the job's changes is opened again.
    private static let watchInterval = Duration.seconds(10)

    /// - Parameters:
    ///   - now: go in while tasks are running.
    ///   - builderTimeout: how long to wait for a builder; nil: as long as it takes.
    ///   - reason: why an administrator enters.
    init(
        _ permit: Permit, over transport: any BuilderTransport, now: Bool, builderTimeout: Duration? = nil,
        reason: String? = nil, in context: SessionContext
    ) {
        self.context = context
        self.reason =
            permit.standing == .administrator
            ? reason.map { String(String.UnicodeScalarView($0.unicodeScalars.prefix(Self.longestReason))) }
            : nil
        self.permit = permit
        self.builderTimeout = builderTimeout
        job = permit.job
        waitingLine = WaitingLine(
            to: context.errors,
            columns: context.environment.canRewriteLines ? { LocalTerminal.windowSize.columns } : nil,
            on: context.loop)
        self.transport = transport
        machine = BuilderSessionMachine(
            permit.job, kind: transport.kind, now: now, isOwner: permit.standing.isOwners)
        transport.onEvent = { [unowned self] in happened($0) }
    }

    func start() {
        context.journal.note(
            "\(transport.kind.verb) job=\(permit.job.id) \(permit.person.record) key=\(context.key.fingerprint) "
                + "from=\(context.environment.clientAddress) \(transport.kind.rawValue)")
        context.client.onGone = { [unowned self] in
            if let question { return question.interrupted(by: SIGHUP) }
            // The client of a proxied connection ends it by disconnecting.
            take(
                transport.kind == .proxy && phase == .inside
                    ? .ended(.exited(status: 0)) : .interrupted(signal: SIGHUP, cause: $0))
        }
        if let builderTimeout {
            context.loop.timer(after: builderTimeout) { [weak self] in self?.take(.builderTimeout) }
        }
        keeper = PermitKeeper(permit, .stay, in: context) { [unowned self] in take(.revoked($0)) }
        perform(machine.begin())
    }

    func windowChanged() {
        transport.windowChanged()
    }

    func interrupted(by signal: CInt) {
        if let question { return question.interrupted(by: signal) }
        take(.interrupted(signal: signal, cause: "signal \(signal)"))
    }

    private func take(_ event: BuilderSessionMachine.Event) {
        perform(machine.handle(event))
    }

    private func happened(_ event: BuilderSessionMachine.Event) {
        if case .started = event {
            phase = .inside
            context.onEntry()
            transport.enter(job)
            if transport.isOftenShort {
                context.loop.timer(after: Self.shortSession) { [weak self] in self?.watchFromInside() }
            } else {
                watchFromInside()
            }
        }
        take(event)
    }

    private func happened(_ event: ClaimKeeper.Event) {
        switch event {
        case .claimed(let claim):
            context.audit.claimed(claim, transport.kind, reason: reason)
            keeper?.heartbeat(nil)
            // The claim can have moved it.
            job.deadline = claim.deadline ?? job.deadline
            take(.claimed(claim))
        case .notClaimed(let error): take(.notClaimed(error))
        case .heartbeat(let error):
            // First: if the service says why the session ends, nothing more is asked.
            take(.heartbeat(error))
            keeper?.heartbeat(error)
        case .deadline(let deadline):
            if phase == .inside, !context.service.announcesChanges { transport.update(deadline: deadline) }
        case .leaseRanOut: take(.leaseRanOut)
        }
    }

    private func perform(_ actions: [BuilderSessionMachine.Action]) {
        for action in actions {
            if action.endsWaiting { waitingLine.clear() }
            switch action {
            case .say(let notice): context.say(notice.text)
            case .wait(let notice): waitingLine.show(notice.text)
            case .watch: startWatching()
            case .showLog: showLog()
            case .claim: claim.request()
            case .connect(let builder): transport.connect(to: builder)
            case .authenticate(let claim): transport.authenticate(with: claim)
            case .start: startTransport()
            case .determineReason: determineReason()
            case .finish(let status, let reason):
                end(reason) { [unowned self] in finish(status, reason) }
            case .finishAndAsk(let status):
                end(.logout) { [unowned self] in
                    question = EndQuestion(permit, in: context) { [unowned self] in finish(status, .logout) }
                    question?.ask()
                }
            case .refuse(let refusal, let reason):
                end(reason) { [context, transport] in
                    let message = refusal.message
                    guard message.sentence.isEmpty else { return context.refuse(refusal) }
                    context.journal.note(
                        "\(transport.kind.verb) ended reason=\(reason.rawValue): \(message.cause)")
                    context.finish(message.status)
                }
            }
        }
    }

    private func finish(_ status: ExitStatus, _ reason: Claim.Reason) {
        context.journal.note("\(transport.kind.verb) ended status=\(status) reason=\(reason.rawValue)")
        context.finish(status)
    }

    private func startTransport() {
        if !watchesInside { stopWatching() }
        do throws(Refusal) {
            try context.audit.entered(transport.auditedFields)
            try transport.start()
        } catch {
            take(.revoked(error))
        }
    }

    private func end(_ reason: Claim.Reason, then: @escaping () -> Void) {
        guard phase != .over else { return }
        phase = .over
        keeper?.stop()
        transport.leave()
        watch?.cancel()
        follower?.stop()
        claim.release(reason, then: then)
    }

    // MARK: The job

    private func startWatching() {
        watch = context.service.watch(permit.job.id, for: permit.person) { [unowned self] report in
            keeper?.take(report)
            guard case .job(let job) = report else { return }
            self.job = job
            // First, because the decision must not be made before the log knows about the change.
            follower?.update(job)
            take(.job(job))
            claim.jobChanged(job)
            if phase == .inside { transport.update(job) }
        } ended: { [unowned self] result in
            watch = nil
            keeper?.watchEnded()
            take(.watchEnded(result.error))
            // A person inside stays there, but gets fewer notices until the service is back.
            if phase == .inside, result.error?.isTransient ?? true {
                context.loop.timer(after: Self.watchInterval) { [unowned self] in watchFromInside() }
            }
        }
    }

    private func stopWatching() {
        watch?.cancel()
        watch = nil
        keeper?.watchEnded()
    }

    /// Watches the job for the notices inside, and to know at once when the session has to end.
    private func watchFromInside() {
        // Another watch may be finding out why the session ends.
        guard phase == .inside, watchesInside, watch == nil else { return }
        startWatching()
    }

    /// What is only polled is not worth it: heartbeats report the deadline.
    private var watchesInside: Bool { context.service.announcesChanges }

    private func determineReason() {
        if watch == nil { startWatching() }
        context.loop.timer(after: Self.reasonTimeout) { [unowned self] in take(.reasonTimeout) }
    }

    private func showLog() {
        follower = LogFollower(permit, of: context.service, to: context.errors, raw: false) {
            [unowned self] result in
            follower = nil
            take(.logShown(result.error))
        }
        context.client.onMessage = { [weak follower] in follower?.breakLine() }
        follower?.update(permit.job)
    }
}

extension BuilderSessionMachine.Action {
    /// Whether the person will see something else now.
    fileprivate var endsWaiting: Bool {
        switch self {
        case .wait, .watch: false
        default: true
        }
    }
}
