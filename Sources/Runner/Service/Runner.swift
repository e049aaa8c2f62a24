import FoundationEssentials
import Glibc
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// The embedded build service: everything together, on a Unix socket.
public struct Runner: Sendable {
    private let settings: Settings
    private let roles: Roles
    private let socket: String
    private let supply: any BuilderSupply
    private let timekeeper: Timekeeper
    private let logger: Logger

    init(
        settings: Settings, roles: Roles, socket: String, supply: any BuilderSupply,
        timekeeper: Timekeeper = .system, logger: Logger
    ) {
        self.settings = settings
        self.roles = roles
        self.socket = socket
        self.supply = supply
        self.timekeeper = timekeeper
        self.logger = logger
    }

    /// Serves until the surrounding service group, or SIGTERM or SIGINT, asks it to stop.
    ///
    /// - Parameter isEphemeral: ends all builders at the end, instead of leaving them to the next runner.
    /// - Parameter onReady: called when the socket takes connections.
    func serve(
        in folder: borrowing StateFolder, isEphemeral: Bool, onReady: @escaping @Sendable () -> Void = {}
    ) async throws {
        try ListeningSocket.prepare(socket)
        let store = try Store(path: "\(folder.path)/runner.sqlite")
        defer { store.close() }
        let book = JobBook(
            store: store, supply: supply, settings: settings, timekeeper: timekeeper, logger: logger)
        try await book.takeOver()

        let images = settings.images
        let responder = Responder(
            book: book, store: store, roles: roles,
            imageExists: { access("\(images)/\($0)", F_OK) == 0 }, logger: logger)
        // The server's own logger says little that an administrator wants to know.
        var serverLogger = logger
        serverLogger.logLevel = .critical
        let limit = ConnectionLimit(roles)
        let application = Application(
            responder: responder,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [limit.handler()],
                    idleTimeout: .seconds(Int64(settings.idleTime)),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))),
            configuration: ApplicationConfiguration(
                address: .unixDomainSocket(path: socket), serverName: "sallyport-runner"),
            onServerRunning: { [logger, settings, socket] _ in
                // Connecting needs write permission. Who may do what is decided by the peer's uid.
                chmod(socket, 0o666)
                logger.info("listening on \(socket), \(settings.slots) builders at once")
                onReady()
            },
            logger: serverLogger)
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: application),
                    .init(service: Beats(book: book, timekeeper: timekeeper)),
                    .init(service: Ending(book: book, isEphemeral: isEphemeral)),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: serverLogger))
        try await group.run()
        logger.info("stopped")
    }

    /// Lets those who watch a job know from time to time that the service is there.
    private struct Beats: Service {
        let book: JobBook
        let timekeeper: Timekeeper

        /// Seconds.
        private static let interval = 15.0

        func run() async throws {
            try? await cancelWhenGracefulShutdown {
                while true {
                    try await timekeeper.wait(timekeeper.now().addingTimeInterval(Self.interval))
                    await book.beat()
                }
            }
        }
    }

    /// Ends the streams at a graceful shutdown: the server waits for them. Services are stopped in reverse order, so
    /// it stands behind the server.
    private struct Ending: Service {
        let book: JobBook
        let isEphemeral: Bool

        func run() async throws {
            try? await gracefulShutdown()
            await book.stop(endsBuilders: isEphemeral)
        }
    }
}
