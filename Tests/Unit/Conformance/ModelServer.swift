import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Serves a model on loopback.
final class ModelServer: Sendable {
    private let model: Mutex<ModelService>

    private init(_ model: ModelService) {
        self.model = Mutex(model)
    }

    /// Its state after the requests.
    var state: ModelService { model.withLock { $0 } }

    /// Serves while `body` runs.
    static func serving(
        _ model: ModelService, _ body: (_ url: String, ModelServer) async throws -> Void
    ) async throws {
        let server = ModelServer(model)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(server))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            try await body("http://127.0.0.1:\(channel.localAddress?.port ?? 0)", server)
        } catch {
            try await channel.close()
            throw error
        }
        try await channel.close()
    }

    private func answer(_ request: ModelService.Request) -> ModelService.Reply {
        model.withLock { $0.answer(request) }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let server: ModelServer
        private var head: HTTPRequestHead?
        private var body = ByteBuffer()

        init(_ server: ModelServer) {
            self.server = server
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): (self.head, body) = (head, ByteBuffer())
            case .body(let part): body.writeImmutableBuffer(part)
            case .end:
                guard let head else { return }
                write(server.answer(request(head)), context)
            }
        }

        private func request(_ head: HTTPRequestHead) -> ModelService.Request {
            let url = URLComponents(string: head.uri)
            // Split before decoding: a fingerprint may have slashes.
            let path = (url?.percentEncodedPath ?? "").split(separator: "/").dropFirst()
            let query = (url?.queryItems ?? []).map { ($0.name, $0.value ?? "") }
            return ModelService.Request(
                method: head.method.rawValue, path: path.map { $0.removingPercentEncoding ?? "" },
                query: Dictionary(query) { $1 },
                headers: Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { $1 },
                body: Data(body.readableBytesView))
        }

        private func write(_ reply: ModelService.Reply, _ context: ChannelHandlerContext) {
            var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: reply.status))
            for (name, value) in reply.headers { head.headers.add(name: name, value: value) }
            if reply.status != 204 {
                head.headers.add(name: "Content-Type", value: reply.type)
                head.headers.add(name: "Content-Length", value: "\(reply.body.count + (reply.isCut ? 1 : 0))")
            }
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(
                wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body)))), promise: nil)
            if reply.isCut {
                context.close(promise: nil)
            } else {
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
