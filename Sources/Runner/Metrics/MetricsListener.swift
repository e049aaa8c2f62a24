import ConfigurationFile
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import PrometheusMetrics
import ServiceLifecycle

/// Serves `/metrics` and nothing else, at an address of its own, without TLS.
struct MetricsListener {
    let address: Configuration.Runner.Address
    let scrape: @Sendable () async -> String
    let logger: Logger

    /// Prometheus needs one connection.
    private static let mostConnections = 32
    /// Seconds that one can last without a request.
    private static let idleTime: Int64 = 120

    /// - Parameter onReady: called when it accepts connections.
    func service(onReady: @escaping @Sendable (SocketAddress) -> Void) -> any Service {
        let connections = Counts<Int>()
        let application = Application(
            responder: MetricsResponder(scrape: scrape),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [FewConnections(connections, most: Self.mostConnections)],
                    idleTimeout: .seconds(Self.idleTime))),
            configuration: ApplicationConfiguration(
                address: .hostname(address.address, port: address.port), serverName: "sallyport-runner"),
            onServerRunning: { channel in if let address = channel.localAddress { onReady(address) } },
            logger: logger)
        return Bound(service: application, place: "port \(address.port) of \(address.address)")
    }
}

/// Answers Prometheus.
struct MetricsResponder: HTTPResponder {
    let scrape: @Sendable () async -> String

    func respond(to request: Request, context: Context) async throws -> Response {
        guard request.uri.path == "/metrics", request.method == .get || request.method == .head else {
            return Response(status: .notFound, headers: [.contentType: "text/plain"])
        }
        let response = Response(
            status: .ok, headers: [.contentType: Exposition.mediaType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: await scrape())))
        return request.method == .head ? response.createHeadResponse() : response
    }
}

/// Closes a connection beyond the limit: anybody can open one, and descriptors are the API's, too.
private final class FewConnections: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let connections: Counts<Int>
    private let most: Int

    init(_ connections: Counts<Int>, most: Int) {
        self.connections = connections
        self.most = most
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard let place = try? connections.enter([(key: 0, limit: most)]) else {
            return context.close(promise: nil)
        }
        context.channel.closeFuture.whenComplete { _ in withExtendedLifetime(place) {} }
    }
}
