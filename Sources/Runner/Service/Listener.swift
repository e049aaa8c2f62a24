import Glibc
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import ServiceLifecycle

/// Serves the API at one address. Each kind of address identifies clients in its own way.
struct Listener {
    let responder: Responder
    /// How many seconds a connection can last without a complete request, or between two requests.
    let idleTime: Int
    let logger: Logger

    /// - Parameter onReady: called when it accepts connections.
    func onSocket(_ path: String, onReady: @escaping @Sendable (SocketAddress) -> Void) -> any Service {
        application(.unixDomainSocket(path: path), http, onReady)
    }

    func onNetwork(
        _ network: NetworkListener, onReady: @escaping @Sendable (SocketAddress) -> Void
    ) throws -> any Service {
        Bound(
            service: application(
                .hostname(network.address, port: network.port), try .tls(http, tlsConfiguration: network.tls),
                onReady),
            place: "port \(network.port) of \(network.address)")
    }

    private var http: HTTPServerBuilder {
        let (authentication, limit, newcomers) = (responder.authentication, ConnectionLimit(), Newcomers())
        return .http1(
            configuration: .init(
                additionalChannelHandlers: [authentication.limitHandler(limit, newcomers)],
                idleTimeout: .seconds(Int64(idleTime)),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100)))
    }

    private func application(
        _ address: BindAddress, _ server: HTTPServerBuilder,
        _ onReady: @escaping @Sendable (SocketAddress) -> Void
    ) -> any Service {
        Application(
            responder: responder, server: server,
            configuration: ApplicationConfiguration(address: address, serverName: "sallyport-runner"),
            onServerRunning: { channel in if let address = channel.localAddress { onReady(address) } },
            logger: logger)
    }
}

/// A service whose address may be in use, or not an address of this machine.
struct Bound: Service {
    let service: any Service
    let place: String

    func run() async throws {
        do {
            try await service.run()
        } catch let error as IOError {
            throw RunnerError(
                .failure, "The runner cannot listen on \(place).",
                detail: String(cString: strerror(error.errnoCode)))
        }
    }
}
