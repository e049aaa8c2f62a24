import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A real https server on loopback that serves keys as forges do.
struct ForgeServer: Sendable {
    let port: Int

    /// Serves `pages`, by path, while `body` runs; everything else is not found.
    static func with(
        certificate: String, key: String,
        pages: [String: (status: Int, headers: HTTPHeaders, body: String)],
        _ body: (ForgeServer) async throws -> Void
    ) async throws {
        let tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        let context = try NIOSSLContext(configuration: tls)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLServerHandler(context: context))
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(Handler(pages: pages))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            try await body(ForgeServer(port: channel.localAddress?.port ?? 0))
        } catch {
            try? await channel.close()
            throw error
        }
        try await channel.close()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let pages: [String: (status: Int, headers: HTTPHeaders, body: String)]

        init(pages: [String: (status: Int, headers: HTTPHeaders, body: String)]) {
            self.pages = pages
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .head(let head) = unwrapInboundIn(data) else { return }
            let page = pages[head.uri] ?? (404, [:], "Not found")
            context.write(
                wrapOutboundOut(
                    .head(
                        HTTPResponseHead(
                            version: .http1_1, status: .init(statusCode: page.status), headers: page.headers))
                ),
                promise: nil)
            context.write(
                wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: page.body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
