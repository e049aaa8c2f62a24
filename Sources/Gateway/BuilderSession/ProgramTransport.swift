import Audit
import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import FoundationEssentials
import Glibc
import Policy
import SSHClient
import ServiceClient

/// The transport of `connect`: a shell or a command on the builder, over an SSH connection of the gateway's own.
final class ProgramTransport: BuilderTransport {
    var onEvent: (BuilderSessionMachine.Event) -> Void = { _ in }
    private let context: SessionContext
    private let permit: Permit
    private let command: [UInt8]?
    private let lendsAgent: Bool
    private var connection: BuilderConnection?
    private var builder: Job.Builder?
    private let terminal: LocalTerminal?
    private var recording: SessionRecording?
    /// Whether the session ends, because it cannot be recorded.
    private var isUnrecordable = false
    /// The terminal, from the start of the remote program to the end.
    private var inside: SessionTerminal?

    /// - Parameters:
    ///   - command: nil: a shell.
    ///   - lendsAgent: whether a machine that has attached itself can use the client's agent too.
    init(_ command: [UInt8]?, lendsAgent: Bool = false, _ permit: Permit, in context: SessionContext) {
        self.command = command
        self.lendsAgent = lendsAgent
        self.permit = permit
        self.context = context
        terminal = context.environment.hasTerminal ? LocalTerminal() : nil
        terminal?.holdTyping()
        if command == nil, terminal == nil {
            context.say(
                "Your ssh did not ask for a terminal, so there is no prompt. To get one: "
                    + context.commandLine("connect \(permit.job.id)", terminal: true))
        }
    }

    /// A shell without a terminal runs a script, or nothing: nobody logs in.
    var kind: Claim.Kind { command == nil && terminal != nil ? .shell : .exec }
    var isOftenShort: Bool { terminal == nil }

    func connect(to builder: Job.Builder) {
        connection?.close()
        self.builder = builder
        do throws(SSHClientError) {
            connection = try context.builderConnection(
                to: builder, of: permit.job.id, isAttached: permit.job.attached != nil
            ) { [unowned self] event in
                switch event {
                case .hostKeyVerified: onEvent(.connected)
                case .authenticated: onEvent(.authenticated)
                case .started: onEvent(.started)
                case .ended(let ending): onEvent(end(ending))
                case .failed(let error): onEvent(.connectionFailed(error))
                }
            }
            connection?.start()
        } catch {
            context.loop.timer(after: .zero) { [unowned self] in onEvent(.connectionFailed(error)) }
        }
    }

    private func end(_ ending: RemoteEnding) -> BuilderSessionMachine.Event {
        if case .exited(let status) = ending, kind == .shell, inside?.isLogout == true {
            return .loggedOut(status: status)
        }
        return .ended(ending)
    }

    func authenticate(with claim: Claim) {
        connection?.authenticate()
    }

    func start() throws(Refusal) {
        recording = try terminal.flatMap { terminal throws(Refusal) in
            try context.beginRecording(permit, terminal.size)
        }
        inside = terminal.map { terminal in
            SessionTerminal(terminal, idleAfter: permit.job.attached?.idle, in: context) { [unowned self] in
                onEvent(.idle($0))
            }
        }
        sayWhetherAgentIsLent()
        let type = context.environment.terminalType
        let program = RemoteProgram(
            terminal: terminal.map {
                Terminal(type: type.isEmpty ? "dumb" : type, size: $0.size, modes: $0.modes)
            },
            environment: context.environment.locale + guestVariable, command: command,
            agentSocket: agentSocket)
        connection?.run(
            program,
            streams: PumpStreams(
                input: STDIN_FILENO, output: context.output, errors: context.errors,
                typedAhead: terminal?.typedAhead ?? [],
                observer: { [unowned self] in observe($0) },
                recorder: recording == nil ? nil : { [unowned self] in record($0) }))
    }

    private func observe(_ traffic: PumpTraffic) {
        inside?.observe(traffic)
        if case .input(let count) = traffic { context.client.carried.toBuilder += count }
    }

    /// - Returns: whether it may be shown.
    private func record(_ output: UnsafeRawBufferPointer) -> Bool {
        record { (recording) throws(SessionRecording.Failure) in
            try recording.output(output, at: context.loop.now)
        }
    }

    /// Ends the session if it cannot be recorded any more, unless that is permitted.
    ///
    /// - Returns: whether the session goes on.
    @discardableResult
    private func record(_ step: (SessionRecording) throws(SessionRecording.Failure) -> Void) -> Bool {
        guard let recording else { return !isUnrecordable }
        do throws(SessionRecording.Failure) {
            try step(recording)
            return true
        } catch {
            endRecording()
            isUnrecordable = !context.configuration.gateway.recording.permitsBypass
            guard isUnrecordable else {
                context.journal.warn("no longer recorded: \(error)")
                context.say("This session is no longer recorded.")
                return true
            }
            // The pump is in the middle of something that the end of the session takes away.
            context.loop.timer(after: .zero) { [weak self] in self?.onEvent(.revoked(.notRecorded(error))) }
            return false
        }
    }

    private func endRecording() {
        if let hash = recording?.end() { context.audit.recorded(hash) }
        recording = nil
    }

    /// Nobody vouches for a machine that has attached itself.
    private var agentSocket: String? {
        guard permit.job.attached == nil || lendsAgent else { return nil }
        return context.environment.agentSocket
    }

    private func sayWhetherAgentIsLent() {
        guard terminal != nil, context.environment.agentSocket != nil, agentSocket == nil else { return }
        context.say(
            "Your agent is not lent to this machine. To lend it: connect --lend-agent \(permit.job.id)")
    }

    var auditedFields: [AuditRecord.Field: AuditRecord.Value] {
        let key = connection?.hostKey.flatMap { try? PublicKey.parse(line: $0).key }
        return [
            .kind: .text(kind.rawValue), .builderKey: .text(key?.fingerprint ?? ""),
            .builderTrust: .text(trust.rawValue), .agent: .flag(agentSocket != nil),
        ]
    }

    private var trust: BuilderTrust {
        if context.service.hostKeyPins != nil { return .pinned }
        if permit.job.attached != nil { return .attached }
        return builder?.firstUse == true ? .firstUse : .service
    }

    /// What the builder's own command `sallyport` must not offer, because it cannot tell who has come through the
    /// gateway. By default it takes them for someone who can do everything with the job.
    private var guestVariable: [(name: String, value: String)] {
        let isGuest =
            (try? Permit.decide(.extend, on: permit.job.id, permit.job, for: permit.principal)) == nil
        return isGuest ? [("SALLYPORT_ROLE", "guest")] : []
    }

    func enter(_ job: Job) {
        guard let inside else { return }
        inside.enter(job, with: permit, greets: command == nil)
        windowChanged()
    }

    func update(_ job: Job) { inside?.update(job) }
    func update(deadline: Date?) { inside?.update(deadline: deadline) }

    func windowChanged() {
        guard let terminal else { return }
        connection?.resize(terminal.size)
        record { (recording) throws(SessionRecording.Failure) in
            try recording.resize(terminal.size, at: context.loop.now)
        }
    }

    func leave() {
        connection?.close()
        endRecording()
        inside?.leave()
        // Also when nobody has come as far as inside.
        terminal?.restore()
    }
}
