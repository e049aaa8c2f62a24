import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import Glibc
import Policy
import ServiceClient

/// One login, from the forced command to the exit status.
public enum ForcedSession {
    /// Runs a session and returns the process's exit status.
    ///
    /// - Parameters:
    ///   - arguments: with the program's own name.
    ///   - environment: read once, before any library can read it.
    public static func run(arguments: [String], environment: SessionEnvironment) -> CInt {
        let journal = Journal()
        var audit: SessionAudit?
        var login = LoginCount(in: Configuration.Gateway().sessions)
        do throws(Refusal) {
            guard case .forced(let command) = Invocation(arguments: arguments) else {
                throw .notTheForcedCommand
            }
            guard geteuid() != 0 else { throw .notSetUp("refusing to run as root") }
            let credential = try UserAuthentication.verify(
                command.key, file: environment.userAuthenticationFile)
            let configuration: Configuration
            let transport: Transport
            do throws(ConfigurationError) {
                configuration = try ConfigurationFile.read(
                    command.config ?? Configuration.defaultPath, ownerMustBeRoot: true)
                if let file = configuration.gateway.logFile { Journal.writeAlso(to: file) }
                login = LoginCount(in: configuration.gateway.sessions)
                var own = try Transport(configuration.service)
                own.session = journal.session
                transport = own
            } catch {
                throw .notSetUp(error.description)
            }
            let session = SessionAudit(configuration, environment, credential, journal: journal)
            audit = session
            return try serve(command.key, configuration, transport, environment, journal, session, login).code
        } catch {
            audit = audit ?? early(environment, journal)
            audit?.refused(error)
            login.refused(error)
            let message = error.message
            journal.warn("refused status=\(message.status): \(message.cause)")
            let line = Array("sallyport: \(message.text) [session \(journal.session)]\n".utf8)
            _ = write(STDERR_FILENO, line, line.count)
            return message.status.code
        }
    }

    /// The audit of a session that is refused before its configuration counts; nil: there is none that can be read.
    private static func early(_ environment: SessionEnvironment, _ journal: Journal) -> SessionAudit? {
        let configuration = try? ConfigurationFile.read(Configuration.defaultPath, ownerMustBeRoot: true)
        return configuration.map { SessionAudit($0, environment, nil, journal: journal) }
    }

    private static func serve(
        _ key: PublicKey, _ configuration: Configuration, _ transport: Transport,
        _ environment: SessionEnvironment, _ journal: Journal, _ audit: SessionAudit,
        _ login: LoginCount
    ) throws(Refusal) -> ExitStatus {
        signal(SIGPIPE, SIG_IGN)
        let loop = EventLoop()
        let client = Client(on: loop, journal: journal, hasTerminal: environment.hasTerminal)
        var running: (any RunningCommand)?
        // Before curl starts its resolver's thread, so that these signals are blocked in every thread.
        let signals = Signals([SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGWINCH], on: loop) { number in
            if number == SIGWINCH {
                running?.windowChanged()
            } else if let running {
                running.interrupted(by: number)
            } else {
                client.finish(.signal(number))
            }
        }
        defer { withExtendedLifetime(signals) {} }

        guard let service = configuration.buildService(over: transport, on: loop) else {
            throw .notSetUp("the URL of the build service is malformed")
        }
        let context = SessionContext(
            loop: loop, service: service, configuration: configuration, environment: environment,
            journal: journal, audit: audit, key: key, client: client,
            onRefusal: {
                audit.refused($0)
                login.refused($0)
            }, onEntry: login.entered)
        var slot: CommandSlot?
        func admit(_ comer: Authorization.Comer) throws(Refusal) {
            guard slot == nil else { return }
            try audit.identified(comer)
            let gateway = configuration.gateway
            slot =
                switch comer {
                case .person(let person, let use):
                    try CommandSlot.take(
                        of: person, for: use, limit: gateway.commandsPerPerson, in: gateway.sessions, journal)
                case .machine, .partOfMachine:
                    try CommandSlot.take(
                        at: environment.clientAddress, isPart: comer == .partOfMachine,
                        limit: gateway.commandsPerPerson, in: gateway.sessions, journal)
                }
        }
        let authorization = Authorization(in: context, admit: admit) { command in
            do throws(Refusal) {
                try audit.allowed(command)
                running = try command.start(in: context)
                login.letIn()
            } catch {
                context.refuse(error)
            }
        }
        authorization.start()
        // It holds the slot, too.
        let status = withExtendedLifetime(authorization) { client.run() }
        audit.ended(status, received: client.received, sent: client.sent)
        // A machine that is refused is any stranger's.
        if authorization.isStranger || authorization.isPairing && status != .success {
            Strangers.ended(
                at: environment.clientAddress, in: configuration.gateway.sessions, journal)
        }
        return status
    }
}
