import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestBed

/// A build service with one job, 42, whose builder is a TCP server of the test, or another port; the
/// gateway `orphaned` asks it.
struct ListeningBuilder {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private let requests: Requests

    /// What the gateway has asked of the service: `DELETE /v1/claims/c1?reason=done HTTP/1.1`.
    var asked: [String] { requests.lines.withLock { $0 } }

    private final class Requests: Sendable {
        let lines = Mutex<[String]>([])
    }

    /// - Parameters:
    ///   - serve: speaks for the builder, once for each connection.
    ///   - body: what to do while it is there.
    static func serving(
        in testBed: TestBed, _ serve: @escaping @Sendable (Connection) async throws -> Void,
        _ body: (ListeningBuilder) async throws -> Void
    ) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Connection(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        let port = UInt16(server.channel.localAddress?.port ?? 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { connections in
                    for try await connection in connections { try? await serve(connection) }
                }
            }
            try await serving(in: testBed, port: port, hostKey: "ssh-ed25519 AAAA", admitsKeys: true, body)
            group.cancelAll()
        }
    }

    /// - Parameters:
    ///   - port: the builder's; nil: it boots.
    ///   - admitsKeys: whether the service says that it has let the person's key in.
    static func serving(
        in testBed: TestBed, port: UInt16?, hostKey: String, admitsKeys: Bool,
        _ body: (ListeningBuilder) async throws -> Void
    ) async throws {
        let requests = Requests()
        let builder =
            port.map {
                #"{"state": "kept", "address": "127.0.0.1", "port": \#($0), "user": "build", "host_keys": ["\#(hostKey)"]}"#
            } ?? "null"
        let job =
            #"{"id": "42", "owner": {"id": "1", "name": "alice"}, "status": "\#(port == nil ? "running" : "failed")", "#
            + #""visibility": "unlisted", "created": "2026-11-21T10:00:00Z", "held": false, "shares": [], "#
            + #""tasks": [], "shell": false, "builder": \#(builder), "sessions": []}"#
        try await ScriptedService.serving(in: testBed) { request in
            requests.lines.withLock { $0.append(String(request.prefix { $0 != "\r" })) }
            if request.hasPrefix("GET /v1/keys/") { return ScriptedService.key(request, name: "alice") }
            if request.hasPrefix("GET /v1/jobs/42 ") { return ScriptedService.json(job) }
            if request.hasPrefix("GET /v1/jobs/42/events?person=1 ") { return .silence }
            if request.hasPrefix("POST ") {
                return ScriptedService.json(
                    #"{"id": "c1", "job": "42", "kind": "proxy", "builder": \#(builder), "lease": 3, "key_admitted": \#(admitsKeys)}"#
                )
            }
            return ScriptedService.answer("404 Not Found", "text/plain", "")
        } _: {
            try await body(ListeningBuilder(requests: requests))
        }
    }
}
