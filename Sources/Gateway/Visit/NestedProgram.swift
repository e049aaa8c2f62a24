import AuthorizedKeys
import BuildAPI
import EventLoop
import FoundationEssentials
import Glibc
import Policy
import SSHClient

/// The way in of `connect`: a shell or a command on the builder, over an SSH connection of the gateway's own.
final class NestedProgram: WayIn {
    var onEvent: (VisitMachine.Event) -> Void = { _ in }
    private let session: GatewaySession
    private let permit: Permit
    private let command: [UInt8]?
    private var connection: BuilderConnection?
    private let terminal: LocalTerminal?
    /// The terminal, from the start of the remote program to the end.
    private var inside: SessionTerminal?

    /// - Parameter command: nil: a shell.
    init(_ command: [UInt8]?, _ permit: Permit, in session: GatewaySession) {
        self.command = command
        self.permit = permit
        self.session = session
        terminal = session.environment.hasTerminal ? LocalTerminal() : nil
        if command == nil, terminal == nil {
            session.say(
                "Your ssh asked for no terminal, so there will be no prompt. For one: "
                    + session.commandLine("connect \(permit.job.id)", terminal: true))
        }
    }

    var kind: Claim.Kind { command == nil ? .shell : .exec }
    var tellsOfJob: Bool { terminal != nil }
    let isOftenShort = false

    func reach(_ builder: Job.Builder) {
        connection?.close()
        do throws(SSHClientError) {
            connection = BuilderConnection(
                to: BuilderAddress(builder), credentials: try session.builderCredentials(),
                acceptsUnknownKey: session.acceptsUnknownKey(of: permit.job.id), on: session.loop
            ) { [unowned self] event in
                switch event {
                case .hostKeyVerified: onEvent(.reached)
                case .authenticated: onEvent(.opened)
                case .started: onEvent(.started)
                case .ended(let ending): onEvent(.ended(ending))
                case .failed(let error): onEvent(.connectionFailed(error))
                }
            }
            connection?.start()
        } catch {
            session.loop.timer(after: .zero) { [unowned self] in onEvent(.connectionFailed(error)) }
        }
    }

    func open(with claim: Claim) {
        connection?.authenticate()
    }

    func run() {
        inside = terminal.map { terminal in
            SessionTerminal(terminal, in: session) { [unowned self] in onEvent(.idle($0)) }
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

    func enter(_ job: Job) {
        guard let inside else { return }
        inside.enter(job, as: permit.person, greets: command == nil)
        windowChanged()
    }

    func update(_ job: Job) { inside?.update(job) }
    func update(deadline: Date?) { inside?.update(deadline: deadline) }

    func windowChanged() {
        if let terminal { connection?.resize(terminal.size) }
    }

    func leave(isCutOff: Bool) {
        connection?.close()
        inside?.leave(isCutOff: isCutOff)
    }
}
