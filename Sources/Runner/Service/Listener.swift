import Glibc
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import ServiceLifecycle

/// The API at one place: who asks is found out in another way at each.
struct Listener {
    let responder: Responder
    /// Seconds that a connection may be there without a whole request, or between two requests.
    let idleTime: Int
    let logger: Logger

    /// - Parameter onReady: called when connections are taken.
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
        let limit = ConnectionLimit(responder.authentication)
        return .http1(
            configuration: .init(
                additionalChannelHandlers: [limit.handler()], idleTimeout: .seconds(Int64(idleTime)),
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

/// A service whose place may be somebody else's, or no place of this machine.
private struct Bound: Service {
    let service: any Service
    let place: String

    func run() async throws {
        do {
            try await service.run()
        } catch let error as IOError {
            throw RunnerError(
                .failure, "Nobody can listen on \(place).", detail: String(cString: strerror(error.errnoCode))
            )
        }
    }
}
