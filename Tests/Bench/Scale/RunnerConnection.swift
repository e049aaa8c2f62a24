import BuildAPI
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import TestBed

/// An operator's connection to the runner, which stays open: one request after another.
final class RunnerConnection {
    private typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    /// What a request sends besides its path.
    struct Content: Sendable {
        var type: String
        var body: ByteBuffer

        static func json(_ value: some Encodable) throws -> Content {
            Content(type: "application/json", body: ByteBuffer(bytes: try JSON.encode(value)))
        }

        static func manifest(_ text: String) -> Content {
            Content(type: "application/yaml", body: ByteBuffer(string: text))
        }
    }

    let socket: String
    private var inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>

    private init(
        _ socket: String, _ inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    ) {
        self.socket = socket
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    /// Connects to the socket, and closes the connection after `body`.
    static func with<Value: Sendable>(
        _ socket: String, _ body: (RunnerConnection) async throws -> Value
    ) async throws -> Value {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        let connection = try await bootstrap.connect(unixDomainSocketPath: socket) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHTTPClientHandlers()
                return try Connection(wrappingChannelSynchronously: channel)
            }
        }
        return try await connection.executeThenClose { inbound, outbound in
            try await body(RunnerConnection(socket, inbound, outbound))
        }
    }

    /// - Returns: the status, and the whole body.
    func exchange(
        _ method: HTTPMethod, _ path: String, _ content: Content? = nil
    ) async throws -> (status: Int, body: ByteBuffer) {
        var body = ByteBuffer()
        let status = try await follow(method, path, content) { body.writeImmutableBuffer($0) }
        return (status, body)
    }

    /// The value in an answer; throws if the request was refused.
    func value<Value: Decodable>(
        _ method: HTTPMethod, _ path: String, _ content: Content? = nil, as type: Value.Type = Value.self
    ) async throws -> Value {
        let answer = try await exchange(method, path, content)
        guard (200...201).contains(answer.status) else {
            throw TestBedError("\(method) \(path): \(answer.status)", log: String(buffer: answer.body))
        }
        return try JSON.decode(type, from: Data(answer.body.readableBytesView))
    }

    /// Sends a request, and receives its answer's body as it comes, until it ends. A connection on which a log was followed
    /// takes no further request.
    ///
    /// - Parameter begun: called when the answer has begun.
    /// - Returns: the status.
    func follow(
        _ method: HTTPMethod, _ path: String, _ content: Content? = nil, begun: () -> Void = {},
        receive: (ByteBuffer) -> Void
    ) async throws -> Int {
        try await send(method, path, content)
        var status = 0
        while let part = try await inbound.next() {
            switch part {
            case .head(let head):
                status = Int(head.status.code)
                begun()
            case .body(let buffer): receive(buffer)
            case .end: return status
            }
        }
        throw TestBedError("\(method) \(path): the answer broke off")
    }

    private func send(_ method: HTTPMethod, _ path: String, _ content: Content?) async throws {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
        head.headers.add(name: "Host", value: "localhost")
        if method != .GET {
            head.headers.add(name: "Content-Length", value: "\(content?.body.readableBytes ?? 0)")
        }
        if let content { head.headers.add(name: "Content-Type", value: content.type) }
        let body = content.map { [HTTPClientRequestPart.body(.byteBuffer($0.body))] } ?? []
        try await outbound.write(contentsOf: [.head(head)] + body + [.end(nil)])
    }
}
