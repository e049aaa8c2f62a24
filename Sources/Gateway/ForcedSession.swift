import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import Glibc
import ServiceClient

/// One login, from the forced command to the exit status.
public enum ForcedSession {
    /// Runs a session and returns the process's exit status.
    ///
    /// - Parameters:
    ///   - arguments: with the program's own name.
    ///   - environment: read once, before any library could look at it.
    public static func run(arguments: [String], environment: SessionEnvironment) -> CInt {
        let journal = Journal()
        do throws(Refusal) {
            guard case .forced(let command) = Invocation(arguments: arguments) else {
                throw Refusal(
                    .usage, "This account only enters build machines.",
                    cause: "not started as the forced command")
            }
            guard geteuid() != 0 else {
                throw Refusal(
                    .misconfigured, "The gateway is not set up correctly. Please tell its administrator.",
                    cause: "refusing to run as root")
            }
            try UserAuthentication.verify(command.key, file: environment.userAuthenticationFile)
            let configuration: Configuration
            let transport: Transport
            do throws(ConfigurationError) {
                configuration = try ConfigurationFile.read(
                    command.config ?? Configuration.defaultPath, ownerMustBeRoot: true)
                transport = try Transport(configuration.service)
            } catch {
                throw Refusal(
                    .misconfigured, "The gateway is not set up correctly. Please tell its administrator.",
                    cause: error.description)
            }
            return serve(command.key, configuration, transport, environment, journal).code
        } catch {
            journal.warn("refused status=\(error.status): \(error.cause)")
            let line = Array("sallyport: \(error.sentence) [session \(journal.session)]\n".utf8)
            _ = write(STDERR_FILENO, line, line.count)
            return error.status.code
        }
    }

    private static func serve(
        _ key: PublicKey, _ configuration: Configuration, _ transport: Transport,
        _ environment: SessionEnvironment, _ journal: Journal
    ) -> ExitStatus {
        signal(SIGPIPE, SIG_IGN)
        let loop = EventLoop()
        var visit: Visit?
        var session: GatewaySession?
        // Before curl starts its resolver's thread, so that no thread has them unblocked.
        let signals = Signals([SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGWINCH], on: loop) { number in
            if number == SIGWINCH {
                visit?.windowChanged()
            } else if let visit {
                visit.interrupted(by: number)
            } else {
                session?.finish(.signal(number))
            }
        }
        defer { withExtendedLifetime(signals) {} }

        // The configuration has been checked; it holds no URL that is none.
        guard let service = configuration.buildService(over: transport, on: loop) else {
            return .misconfigured
        }
        let current = GatewaySession(
            loop: loop, service: service, configuration: configuration, environment: environment,
            journal: journal,
            key: key)
        session = current
        let arrival = Arrival(in: current) { permit, request in
            do throws(Refusal) {
                guard let way = try current.wayIn(of: request, permit) else {
                    return current.carryOut(request, permit)
                }
                visit = Visit(
                    permit, by: way, now: request.entersAtOnce, patience: request.patience, in: current)
                visit?.start()
            } catch {
                current.refuse(error)
            }
        } welcomed: { permit, request in
            current.carryOut(request, permit)
        }
        arrival.start()
        return withExtendedLifetime(arrival) { current.run() }
    }
}
