import BuildAPI
import ConfigurationFile
import FoundationEssentials
import Glibc
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Presentation
import ServiceLifecycle
import UnixSignals

/// The build service that comes with Sallyport: everything together, on a Unix socket and, if configured, on the
/// network.
public struct Runner: Sendable {
    private let settings: Settings
    private let roles: Roles
    private let socket: String
    private let network: NetworkListener?
    private let metrics: Configuration.Runner.Address?
    private let terms: TermsOfUse?
    private let people: PeopleRules
    private let pools: Pools
    private let timekeeper: Timekeeper
    private let logger: Logger
    private let audit: RunnerAudit

    init(
        settings: Settings, roles: Roles, socket: String, network: NetworkListener? = nil,
        metrics: Configuration.Runner.Address? = nil, terms: TermsOfUse? = nil, people: PeopleRules = .init(),
        pools: Pools,
        timekeeper: Timekeeper = .system, logger: Logger, audit: RunnerAudit? = nil
    ) {
        self.settings = settings
        self.roles = roles
        self.socket = socket
        self.network = network
        self.metrics = metrics
        self.terms = terms
        self.people = people
        self.pools = pools
        self.timekeeper = timekeeper
        self.logger = logger
        self.audit = audit ?? RunnerAudit(timekeeper, logger)
    }

    /// Serves until the surrounding service group, SIGTERM or SIGINT asks it to stop.
    ///
    /// - Parameter isEphemeral: whether it ends all builders at the end, instead of leaving them to the next runner.
    /// - Parameter onReady: called with each address that accepts connections.
    func serve(
        in folder: borrowing StateFolder, isEphemeral: Bool,
        onReady: @escaping @Sendable (SocketAddress) -> Void = { _ in }
    ) async throws {
        try ListeningSocket.prepare(socket)
        let store = try SQLiteStore(
            path: "\(folder.path)/runner.sqlite", terms: terms?.version,
            permitsLocalKeys: people.permitsLocalKeys, metrics: RunnerMetrics(pools: pools.all.map(\.name)))
        let end: Result<Void, any Error>
        do {
            try await serve(from: store, isEphemeral: isEphemeral, onReady: onReady)
            end = .success(())
        } catch {
            end = .failure(error)
        }
        // It waits for those who still read, and they may need one of the few threads on which tasks run.
        try? await NIOThreadPool.singleton.runIfActive { store.close() }
        try end.get()
    }

    private func serve(
        from store: SQLiteStore, isEphemeral: Bool, onReady: @escaping @Sendable (SocketAddress) -> Void
    ) async throws {
        let people = PeopleDirectory(
            store: store, rules: people, timekeeper, logger: logger, audit: audit)
        try await people.takeOver()
        let directory = JobDirectory(
            JobContext(
                store: store, people: people, pools: pools, settings: settings, timekeeper: timekeeper,
                logger: logger, metrics: store.metrics, audit: audit, terms: terms?.version))
        let retention = Retention(of: directory)
        try await directory.takeOver()
        await retention.removeOldJobs()
        await retention.removeOldAcceptances()
        await directory.removeForgottenSources()
        await retention.measureFinishedJobs()

        // The server's own logger says little that an administrator wants to know.
        var serverLogger = logger
        serverLogger.logLevel = .critical
        let streams = StreamLimit(ofPerson: settings.limits.streamsPerPerson)
        let (lists, manifests) = (Turns.ofLists(timekeeper), Turns.ofManifests(timekeeper))
        let archives = Turns.ofArchives(timekeeper)
        let presence = Presence(
            people: people, directory: directory, streams: streams, lease: settings.times.lease)
        // Sessions go on, even if those who are inside come from the source for the first time.
        await presence.refresh()
        func listener(_ authentication: Authentication) -> Listener {
            Listener(
                responder: Responder(
                    directory: directory, store: store, people: people, authentication: authentication,
                    terms: terms,
                    streams: streams, lists: lists, manifests: manifests,
                    archives: archives, logger: logger),
                idleTime: settings.idleTime, logger: serverLogger)
        }
        var services: [any Service] = [
            listener(.peer(roles)).onSocket(socket) { [logger, pools, socket] address in
                // Connecting needs write permission. The peer's uid decides the role.
                chmod(socket, 0o666)
                logger.info("listening on \(socket), \(pools.max.counted("builder")) at once")
                onReady(address)
            }
        ]
        if let network {
            services.append(
                try listener(.token(network.tokens)).onNetwork(network) { [logger] address in
                    let place =
                        "\(address.ipAddress ?? network.address), port \(address.port ?? network.port)"
                    logger.info("listening with TLS on \(place), tokens: \(network.tokens.count)")
                    onReady(address)
                })
        }
        if let metrics {
            let scrape = Scrape(
                directory: directory, streams: streams, start: timekeeper.wallClock(),
                certificateEnd: network?.end)
            let listener = MetricsListener(address: metrics, scrape: scrape.text, logger: serverLogger)
            services.append(
                listener.service { [logger] _ in
                    logger.info("metrics are at \(metrics.address), port \(metrics.port)")
                })
        }
        services += [
            Regularly(every: 15, timekeeper) { await directory.beat() },
            Regularly(every: presence.interval, timekeeper) { await presence.refresh() },
            presence,
            Regularly(every: 3600, timekeeper) {
                await retention.removeOldJobs()
                await retention.removeOldAcceptances()
                await retention.measureFinishedJobs()
            },
            Ending(directory: directory, isEphemeral: isEphemeral),
        ]
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: serverLogger))
        try await group.run()
        logger.info("stopped")
    }

    /// Repeats something until the runner stops.
    private struct Regularly: Service {
        /// Seconds.
        let interval: Double
        let timekeeper: Timekeeper
        let action: @Sendable () async -> Void

        init(
            every interval: Double, _ timekeeper: Timekeeper, _ action: @escaping @Sendable () async -> Void
        ) {
            self.interval = interval
            self.timekeeper = timekeeper
            self.action = action
        }

        func run() async throws {
            try? await cancelWhenGracefulShutdown {
                while true {
                    try await timekeeper.wait(timekeeper.now().addingTimeInterval(interval))
                    await action()
                }
            }
        }
    }

    /// Ends the streams at a graceful shutdown, because the server waits for them. Services stop in reverse order, so
    /// this one comes after the server.
    private struct Ending: Service {
        let directory: JobDirectory
        let isEphemeral: Bool

        func run() async throws {
            try? await gracefulShutdown()
            await directory.stop(endsBuilders: isEphemeral)
        }
    }
}
