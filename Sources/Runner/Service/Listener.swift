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
        application(
            .hostname(network.address, port: network.port), try .tls(http, tlsConfiguration: network.tls),
            onReady)
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
