import Foundation
import Glibc
import NIOCore
import NIOPosix
import TestBed
import Testing

/// A build service that answers whatever a test wants, where the gateway `orphaned` asks, or elsewhere.
struct ScriptedService {
    enum Reply: Sendable {
        /// These bytes after so many seconds; then the connection is closed.
        case bytes(String, after: Int64 = 0)
        /// Nothing, and the connection stays.
        case silence
        case hangUp
    }

    /// - Parameters:
    ///   - socket: where it listens, unless where `orphaned` asks.
    ///   - script: what to answer to a request, given its head.
    ///   - body: what to do while it serves.
    static func serving(
        in testBed: TestBed, at socket: String? = nil,
        script: @escaping @Sendable (_ request: Substring) -> Reply,
        _ body: () async throws -> Void
    ) async throws {
        let path = socket ?? testBed.orphanedSocket
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(script: script))
                }
            }
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        chmod(path, 0o666)
        do {
            try await body()
        } catch {
            try await server.close()
            throw error
        }
        try await server.close()
        unlink(path)
    }

    /// An answer with JSON in it.
    static func json(_ text: String, after seconds: Int64 = 0) -> Reply {
        answer("200 OK", "application/json", text, after: seconds)
    }

    static func answer(_ status: String, _ type: String, _ text: String, after seconds: Int64 = 0) -> Reply {
        let head = "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(text.utf8.count)\r\n\r\n"
        return .bytes(head + text, after: seconds)
    }

    /// The key that was asked for, which is theirs.
    static func key(_ request: Substring, name: String, after seconds: Int64 = 0)
        -> Reply
    {
        let asked = request.split(separator: " ")[1].dropFirst("/v1/keys/".count).prefix { $0 != "?" }
        return json(
            """
            {"fingerprint": "\(String(asked).removingPercentEncoding ?? "")", "type": "ssh-ed25519", "key": "AAAA", "comment": "",
             "owner": {"id": "1", "name": "\(name)"}, "suspended": false}
            """, after: seconds)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let script: @Sendable (Substring) -> Reply
        private var request = ""

        init(script: @escaping @Sendable (Substring) -> Reply) {
            self.script = script
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            request += String(buffer: unwrapInboundIn(data))
            guard let end = request.firstRange(of: "\r\n\r\n") else { return }
            let head = request[..<end.lowerBound]
            request = ""
            switch script(head) {
            case .silence: break
            case .hangUp: context.close(promise: nil)
            case .bytes(let text, let seconds):
                let channel = context.channel
                context.eventLoop.scheduleTask(in: .seconds(seconds)) {
                    channel.writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in
                        channel.close(promise: nil)
                    }
                }
            }
        }
    }
}

/// Short, whatever the length of the answer: each test's log has its arguments.
extension ScriptedService.Reply: CustomTestStringConvertible {
    var testDescription: String {
        switch self {
        case .bytes(let text, let delay): "“\(text.prefix(60))…” after \(delay) s"
        case .silence: "silence"
        case .hangUp: "hang up"
        }
    }
}
