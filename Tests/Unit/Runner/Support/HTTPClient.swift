import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One exchange per connection, over a Unix socket or TLS.
struct HTTPClient: Sendable {
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]
        /// Whether the body was complete, and the connection did not just end.
        var isWhole: Bool

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    let socket: String
    /// The port on loopback to speak TLS to instead.
    var port: Int?
    var tls = TLSConfiguration.clientDefault
    /// Whether it speaks no TLS there.
    var isPlain = false

    /// - Parameter begun: called when the answer has begun.
    /// - Parameter received: called with the whole body so far after each part; returns whether to continue.
    func send(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], body: String? = nil,
        until received: @Sendable ([UInt8]) async -> Bool = { _ in true }, begun: @Sendable () -> Void = {}
    ) async throws -> Answer {
        let channel = try await connect()
        return try await channel.executeThenClose { inbound, outbound in
            var head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
            head.headers.add(name: "Host", value: "localhost")
            if let body { head.headers.add(name: "Content-Length", value: "\(body.utf8.count)") }
            try await outbound.write(.head(head))
            if let body { try await outbound.write(.body(.byteBuffer(ByteBuffer(string: body)))) }
            try await outbound.write(.end(nil))
            var answer = Answer(status: 0, headers: [:], body: [], isWhole: false)
            do {
                for try await part in inbound {
                    switch part {
                    case .head(let head):
                        (answer.status, answer.headers) = (Int(head.status.code), head.headers)
                        begun()
                    case .body(let buffer):
                        answer.body += Array(buffer: buffer)
                        if await !received(answer.body) { return answer }
                    case .end:
                        answer.isWhole = true
                        return answer
                    }
                }
            } catch is HTTPParserError {
                // The connection ended in the middle of the body.
            }
            return answer
        }
    }

    private typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    private func connect() async throws -> Connection {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        guard let port else {
            return try await bootstrap.connect(unixDomainSocketPath: socket) { Self.prepare($0, nil) }
        }
        let context = isPlain ? nil : try NIOSSLContext(configuration: tls)
        return try await bootstrap.connect(host: "127.0.0.1", port: port) { Self.prepare($0, context) }
    }

    private static func prepare(
        _ channel: any Channel, _ context: NIOSSLContext?
    ) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            if let context {
                let handler = try NIOSSLClientHandler(context: context, serverHostname: nil)
                try channel.pipeline.syncOperations.addHandler(handler)
            }
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            return try Connection(wrappingChannelSynchronously: channel)
        }
    }
}
