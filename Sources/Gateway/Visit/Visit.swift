import AuthorizedKeys
import BuildAPI
import EventLoop
import Glibc
import Policy
import Requests
import SSHClient
import ServiceClient

/// `connect` and `proxy`: does what ``VisitMachine`` decides.
final class Visit {
    private let session: GatewaySession
    private let permit: Permit
    private let way: any WayIn
    /// How long somebody waits for a builder; nil: as long as it takes.
    private let patience: Duration?
    private var machine: VisitMachine
    private var job: Job
    private var watch: (any ServiceStream)?
    private var follower: LogFollower?
    private let waitingLine: WaitingLine
    private lazy var claim = ClaimKeeper(permit, kind: way.kind, in: session) { [unowned self] in happened($0)
    }
    private var isInside = false
    private var isOver = false

    /// - Parameters:
    ///   - now: goes in while tasks run.
    init(
        _ permit: Permit, by way: any WayIn, now: Bool, patience: Duration? = nil, in session: GatewaySession
    ) {
        self.session = session
        self.permit = permit
        self.patience = patience
        job = permit.job
        waitingLine = WaitingLine(
            to: session.errors, isTerminal: session.environment.hasTerminal, on: session.loop)
        self.way = way
        machine = VisitMachine(permit.job, kind: way.kind, now: now)
        way.onEvent = { [unowned self] in happened($0) }
    }

    func start() {
        session.journal.note(
            "\(way.kind.verb.rawValue) job=\(permit.job.id) person=\(permit.person.id) key=\(session.key.fingerprint) "
                + "from=\(session.environment.clientAddress) \(way.kind.rawValue)")
        session.onClientGone = { [unowned self] in
            // The client of a proxied connection ends it by going.
            take(
                way.kind == .proxy && isInside
                    ? .ended(.exited(status: 0)) : .interrupted(signal: SIGHUP, cause: $0))
        }
        if let patience {
            session.loop.timer(after: patience) { [weak self] in self?.take(.patienceOver) }
        }
        perform(machine.start())
    }

    /// The client's window has another size.
    func windowChanged() {
        way.windowChanged()
    }

    /// Somebody wants the session to end.
    func interrupted(by signal: CInt) {
        take(.interrupted(signal: signal, cause: "signal \(signal)"))
    }

    private func take(_ event: VisitMachine.Event) {
        perform(machine.handle(event))
    }

    private func happened(_ event: VisitMachine.Event) {
        if case .started = event {
            isInside = true
            way.enter(job)
            if way.isOftenShort {
                session.loop.timer(after: .seconds(1)) { [weak self] in self?.watchFromInside() }
            } else {
                watchFromInside()
            }
        }
        take(event)
    }

    private func happened(_ event: ClaimKeeper.Event) {
        switch event {
        case .claimed(let claim):
            // The claim may have moved it.
            job.deadline = claim.deadline ?? job.deadline
            take(.claimed(claim))
        case .notClaimed(let error): take(.notClaimed(error))
        case .heartbeat(let error): take(.heartbeat(error))
        case .deadline(let deadline):
            if isInside, !session.service.announcesChanges { way.update(deadline: deadline) }
        case .leaseRanOut: take(.leaseRanOut)
        }
    }

    private func perform(_ actions: [VisitMachine.Action]) {
        for action in actions {
            if action.endsWaiting { waitingLine.clear() }
            switch action {
            case .say(let sentence): session.say(sentence)
            case .wait(let sentence): waitingLine.show(sentence)
            case .watch: startWatching()
            case .showLog: showLog()
            case .claim: claim.request()
            case .reach(let builder): way.reach(builder)
            case .open(let claim): way.open(with: claim)
            case .run: run()
            case .askWhy: askWhy()
            case .finish(let status, let reason):
                end(reason, isCutOff: false) { [session, way] in
                    session.journal.note(
                        "\(way.kind.verb.rawValue) ended status=\(status) reason=\(reason.rawValue)")
                    session.finish(status)
                }
            case .refuse(let refusal, let reason):
                end(reason, isCutOff: true) { [session, way] in
                    if refusal.sentence.isEmpty {
                        session.journal.note(
                            "\(way.kind.verb.rawValue) ended reason=\(reason.rawValue): \(refusal.cause)")
                        session.finish(refusal.status)
                    } else {
                        session.refuse(refusal)
                    }
                }
            }
        }
    }

    // MARK: The job

    private func startWatching() {
        watch = session.service.watch(permit.job.id, for: permit.person) { [unowned self] job in
            self.job = job
            // First: the decision must not be made for a job whose log has not been told.
            follower?.update(job)
            take(.job(job))
            if isInside, !isOver { way.update(job) }
        } ended: { [unowned self] result in
            watch = nil
            take(.watchEnded(result.error))
            // Whoever is inside stays there, and only hears less until the service is back; if it ever tells that.
            if isInside, !isOver, result.error?.isTransient ?? true {
                session.loop.timer(after: .seconds(10)) { [unowned self] in watchFromInside() }
            }
        }
    }

    /// For what is told inside; for nothing else is it worth a stream.
    private func watchFromInside() {
        guard way.tellsOfJob, isInside, !isOver else { return }
        if !session.service.announcesChanges {
            watch?.cancel()
            watch = nil
        } else if watch == nil {
            startWatching()
        }
    }

    /// The builder's end and the service's word about it come at the same time.
    private func askWhy() {
        if watch == nil { startWatching() }
        session.loop.timer(after: .seconds(3)) { [unowned self] in take(.noReason) }
    }

    private func showLog() {
        follower = LogFollower(permit, of: session.service, to: session.errors, raw: false) {
            [unowned self] result in
            follower = nil
            take(.logShown(result.error))
        }
        follower?.update(permit.job)
    }

    private func run() {
        if !way.tellsOfJob {
            watch?.cancel()
            watch = nil
        }
        way.run()
    }

    // MARK: The end

    /// - Parameter isCutOff: what went on inside has not ended by itself.
    private func end(_ reason: Claim.Reason, isCutOff: Bool, then: @escaping () -> Void) {
        guard !isOver else { return }
        isOver = true
        way.leave(isCutOff: isCutOff)
        watch?.cancel()
        follower?.stop()
        claim.release(reason, then: then)
    }
}

extension VisitMachine.Action {
    /// Whether something else begins that the person will see.
    fileprivate var endsWaiting: Bool {
        switch self {
        case .wait, .watch: false
        default: true
        }
    }
}
