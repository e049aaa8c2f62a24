import AuthorizedKeys
import BuildService
import ConfigurationFile
import EventLoop
import Glibc
import NestedSSH

/// `connect`: does what ``ConnectMachine`` decides.
final class ConnectVerb {
    private let session: GatewaySession
    private let permit: Permit
    private let command: [UInt8]?
    private var machine: ConnectMachine
    private var watch: (any ServiceStream)?
    private var follower: LogFollower?
    private var connection: BuilderConnection?
    private let terminal: LocalTerminal?
    /// The terminal, from the start of the remote program to the end.
    private var inside: SessionTerminal?
    private var job: Job
    private let waitingLine: WaitingLine
    private var claim: Claim?
    /// Set while the service has not answered yet.
    private var isClaiming = false
    private var heartbeat: Timer?
    /// Rings when the service has promised nothing for as long as the lease.
    private var lease: Timer?
    /// Set once all is over: how to release a claim that comes late.
    private var ending: (release: Claim.Reason, then: () -> Void)?

    init(_ permit: Permit, now: Bool, command: [UInt8]?, in session: GatewaySession) {
        self.session = session
        self.permit = permit
        self.command = command
        job = permit.job
        machine = ConnectMachine(permit.job, isShell: command == nil, now: now)
        terminal = session.environment.hasTerminal ? LocalTerminal() : nil
        waitingLine = WaitingLine(
            to: session.errors, isTerminal: session.environment.hasTerminal, on: session.loop)
    }

    func start() {
        session.journal.note(
            "connect job=\(permit.job.id) person=\(permit.person.id) key=\(permit.fingerprint) "
                + "from=\(session.environment.clientAddress) \(command == nil ? "shell" : "exec")")
        session.onClientGone = { [unowned self] in take(.interrupted(signal: SIGHUP, cause: $0)) }
        if command == nil, terminal == nil {
            session.say(
                "Your ssh asked for no terminal, so there will be no prompt. For one: "
                    + session.commandLine("connect \(permit.job.id)", terminal: true))
        }
        perform(machine.start())
    }

    /// The client's window has another size.
    func windowChanged() {
        if let terminal { connection?.resize(terminal.size) }
    }

    /// Somebody wants the session to end.
    func interrupted(by signal: CInt) {
        take(.interrupted(signal: signal, cause: "signal \(signal)"))
    }

    private func take(_ event: ConnectMachine.Event) {
        perform(machine.handle(event))
    }

    private func perform(_ actions: [ConnectMachine.Action]) {
        for action in actions {
            if action.endsWaiting { waitingLine.clear() }
            switch action {
            case .say(let sentence): session.say(sentence)
            case .wait(let sentence): waitingLine.show(sentence)
            case .watch: startWatching()
            case .showLog: showLog()
            case .claim: requestClaim()
            case .connect(let builder): connect(to: builder)
            case .authenticate: connection?.authenticate()
            case .run: run()
            case .askWhy: askWhy()
            case .finish(let status, let reason):
                end(reason, isCutOff: false) { [session] in
                    session.journal.note("connect ended status=\(status) reason=\(reason.rawValue)")
                    session.finish(status)
                }
            case .refuse(let refusal, let reason):
                end(reason, isCutOff: true) { [session] in
                    if refusal.sentence.isEmpty {
                        session.journal.note("connect ended reason=\(reason.rawValue): \(refusal.cause)")
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
        watch = session.service.watch(permit.job.id) { [unowned self] job in
            self.job = job
            // First: the decision must not be made for a job whose log has not been told.
            follower?.update(job)
            take(.job(job))
            if ending == nil { inside?.update(job) }
        } ended: { [unowned self] result in
            watch = nil
            take(.watchEnded(result.error))
            // Whoever is inside stays there, and only hears less until the service is back; if it ever tells that.
            if inside != nil, ending == nil, result.error?.isTransient ?? true {
                session.loop.timer(after: .seconds(10)) { [unowned self] in watchFromInside() }
            }
        }
    }

    /// For what is told on a terminal; for nothing else is it worth a stream.
    private func watchFromInside() {
        guard inside != nil, ending == nil else { return }
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

    // MARK: Waiting

    private func showLog() {
        follower = LogFollower(permit.job.id, of: session.service, to: session.errors, raw: false) {
            [unowned self] result in
            follower = nil
            take(.logShown(result.error))
        }
        follower?.update(permit.job)
    }

    // MARK: The claim

    private func requestClaim() {
        isClaiming = true
        let request = ClaimRequest(
            session: session.journal.session, kind: command == nil ? .shell : .exec,
            person: ClaimRequest.Claimant(id: permit.person.id), keyFingerprint: permit.fingerprint,
            key: session.key.line, from: session.environment.clientAddress)
        session.service.claim(permit.job.id, request) { [unowned self] result in
            isClaiming = false
            switch result {
            case .success(let claim):
                self.claim = claim
                guard ending == nil else {
                    release()
                    return
                }
                // The claim may have moved it.
                job.deadline = claim.deadline ?? job.deadline
                renewed(for: claim.lease)
                beat(every: claim.lease)
                take(.claimed(claim))
            case .failure(let error):
                guard ending == nil else {
                    release()
                    return
                }
                take(.notClaimed(error))
            }
        }
    }

    private func beat(every lease: UInt32) {
        heartbeat?.cancel()
        let pause = max(1000, Int(lease) * 1000 / 3)
        heartbeat = session.loop.timer(after: .milliseconds(pause)) { [unowned self] in
            guard let claim, ending == nil else { return }
            session.service.heartbeat(claim) { [unowned self] result in
                guard ending == nil else { return }
                if case .success(let claim) = result {
                    renewed(for: lease)
                    if !session.service.announcesChanges { inside?.update(deadline: claim.deadline) }
                }
                take(.heartbeat(result.error))
            }
            beat(every: lease)
        }
    }

    private func renewed(for seconds: UInt32) {
        lease?.cancel()
        lease = session.loop.timer(after: .seconds(seconds)) { [unowned self] in
            if ending == nil { take(.leaseRanOut) }
        }
    }

    // MARK: The builder

    private func connect(to builder: Job.Builder) {
        connection?.close()
        let address = BuilderAddress(
            address: builder.address, port: builder.port, user: builder.user, hostKeys: builder.hostKeys)
        let credentials: BuilderCredentials
        do throws(NestedSSHError) {
            credentials = try self.credentials()
        } catch {
            session.loop.timer(after: .zero) { [unowned self] in take(.connectionFailed(error)) }
            return
        }
        connection = BuilderConnection(
            to: address, credentials: credentials, acceptsUnknownKey: unknownKeys(), on: session.loop
        ) { [unowned self] event in
            switch event {
            case .verified: take(.verified)
            case .authenticated: take(.authenticated)
            case .started:
                enter()
                take(.started)
            case .ended(let ending): take(.ended(ending))
            case .failed(let error): take(.connectionFailed(error))
            }
        }
        connection?.start()
    }

    /// Builders that are not known to have any particular key let anybody in; then the gateway's own may be absent.
    private func credentials() throws(NestedSSHError) -> BuilderCredentials {
        let path = session.configuration.builder.identity
        guard session.service.hostKeyPins != nil else {
            return BuilderCredentials(try BuilderIdentity.read(path))
        }
        guard access(path, F_OK) == 0 else { return BuilderCredentials(orNone: nil) }
        return BuilderCredentials(orNone: .some(try BuilderIdentity.read(path)))
    }

    /// What to do with a key that nobody has promised: nil refuses it.
    private func unknownKeys() -> ((String) -> Bool)? {
        session.service.hostKeyPins.map { pins in
            { [unowned self] key in
                let verdict = pins.compare(key, of: permit.job.id)
                let words = key.split(separator: " ").map(String.init)
                let shown =
                    (try? PublicKey(type: words[0], base64: words[1]))?.fingerprint ?? "a key that is none"
                let text = "job=\(permit.job.id) the service gives no host key; the builder shows \(shown)"
                switch verdict {
                case .first:
                    session.journal.note("\(text), which is pinned from now on")
                    return true
                case .same: return true
                case .other: session.journal.warn("\(text), but another one is pinned")
                case .failed(let why): session.journal.warn("\(text), which cannot be pinned: \(why)")
                }
                return false
            }
        }
    }

    private func run() {
        if terminal == nil {
            watch?.cancel()
            watch = nil
        }
        inside = terminal.map { terminal in
            SessionTerminal(terminal, in: session) { [unowned self] in take(.idle($0)) }
        }
        let type = session.environment.terminalType
        let program = RemoteProgram(
            terminal: terminal.map { Terminal(type: type.isEmpty ? "dumb" : type, size: $0.size) },
            environment: session.environment.locale, command: command,
            agentSocket: session.environment.agentSocket)
        connection?.run(
            program,
            streams: PumpStreams(
                input: STDIN_FILENO, output: session.output, errors: session.errors,
                observer: inside.map { inside in { [unowned inside] in inside.observe($0) } }))
    }

    /// Before a byte of the program is shown.
    private func enter() {
        guard let inside else { return }
        inside.enter(job, as: permit.person, greets: command == nil)
        windowChanged()
        watchFromInside()
    }

    // MARK: The end

    /// - Parameter isCutOff: the remote program has not ended by itself.
    private func end(_ reason: Claim.Reason, isCutOff: Bool, then: @escaping () -> Void) {
        guard ending == nil else { return }
        session.onClientGone = nil
        connection?.close()
        inside?.leave(isCutOff: isCutOff)
        watch?.cancel()
        follower?.stop()
        heartbeat?.cancel()
        lease?.cancel()
        ending = (reason, then)
        // An answer that is still to come may be a claim to release; its lease covers a service that never answers.
        if !isClaiming { release() }
    }

    private func release() {
        guard let ending else { return }
        guard let claim else {
            ending.then()
            return
        }
        session.service.release(claim, reason: ending.release) { [session] result in
            if case .failure(let error) = result {
                session.journal.warn(
                    "claim \(claim.id) not released, it will run out: \(error.debugDescription)")
            }
            ending.then()
        }
    }
}

extension ConnectMachine.Action {
    /// Whether something else begins that the person will see.
    fileprivate var endsWaiting: Bool {
        switch self {
        case .wait, .watch: false
        default: true
        }
    }
}

extension Result {
    fileprivate var error: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
