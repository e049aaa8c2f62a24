import BuildAPI
import ConfigurationFile
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Testing

@testable import Runner

@Suite("API v1 over TLS")
struct NetworkTests {
    /// What each role can ask, as in docs/build-service.md.
    private static let requests: [(method: HTTPMethod, path: String, least: Role)] = [
        (.GET, "/v1/keys/SHA256%3Anobody", .keys), (.GET, "/v1/keys", .operator),
        (.GET, "/v1/keys?owner=1", .gateway), (.POST, "/v1/keys", .gateway),
        (.DELETE, "/v1/keys/SHA256%3Anobody", .operator),
        (.DELETE, "/v1/keys/SHA256%3Anobody?owner=1", .gateway), (.GET, "/v1/jobs", .gateway),
        (.POST, "/v1/jobs", .gateway), (.GET, "/v1/jobs/7", .gateway), (.GET, "/v1/jobs/7/events", .gateway),
        (.GET, "/v1/jobs/7/logs/setup", .gateway), (.POST, "/v1/jobs/7/claims", .gateway),
        (.POST, "/v1/claims/7/heartbeat", .gateway), (.DELETE, "/v1/claims/7?reason=done", .gateway),
        (.POST, "/v1/jobs/7/cancel", .operator), (.POST, "/v1/jobs/7/cancel?person=1", .gateway),
        (.PUT, "/v1/jobs/7/deadline", .operator), (.PUT, "/v1/jobs/7/deadline?person=1", .gateway),
        (.PUT, "/v1/jobs/7/hold", .operator), (.PUT, "/v1/jobs/7/hold?person=1", .gateway),
        (.DELETE, "/v1/jobs/7/hold", .operator), (.DELETE, "/v1/jobs/7/hold?person=1", .gateway),
        (.PUT, "/v1/jobs/7/shares/bob", .operator), (.PUT, "/v1/jobs/7/shares/bob?person=1", .gateway),
        (.DELETE, "/v1/jobs/7/shares/bob", .operator), (.DELETE, "/v1/jobs/7/shares/bob?person=1", .gateway),
        (.DELETE, "/v1/jobs/7/builder", .operator), (.DELETE, "/v1/jobs/7/builder?person=1", .gateway),
        (.DELETE, "/v1/jobs/7/sessions/s", .operator), (.GET, "/v1/terms", .gateway),
        (.GET, "/v1/images", .gateway),
        (.PUT, "/v1/terms/1/acceptances/1", .gateway), (.GET, "/v1/people", .operator),
        (.PUT, "/v1/people/bob/suspension", .operator), (.DELETE, "/v1/people/bob/suspension", .operator),
        (.PUT, "/v1/people/bob/administration", .operator), (.DELETE, "/v1/people/bob", .operator),
        (.DELETE, "/v1/people/bob/administration", .operator),
    ]

    @Test("a token can do what its role can, and without a token nothing is allowed")
    func roles() async throws {
        try await NetworkFiles.with { files in
            try await TestService.run(network: files) { service in
                let client = try #require(service.overNetwork)
                for request in Self.requests {
                    for role in Role.allCases {
                        let token = try #require(files.tokens[role])
                        let answer = try await client.send(
                            request.method, request.path, headers: ["Authorization": "Bearer \(token)"])
                        let isAllowed = [Role.keys: 0, .gateway: 1, .operator: 2]
                        let may = isAllowed[role, default: 0] >= isAllowed[request.least, default: 3]
                        #expect(
                            (answer.status != 403) == may && answer.status != 401,
                            "\(role): \(request): \(answer.status)")
                    }
                    for (value, problem) in [
                        (nil, "A token is needed"), ("Basic eDp5", "A token is needed"),
                        ("Bearer sallyport_0", "This token is unknown"),
                    ] {
                        let answer = try await client.send(
                            request.method, request.path,
                            headers: HTTPHeaders(value.map { [("Authorization", $0)] } ?? []))
                        #expect(
                            answer.status == 401 && answer.text.contains(problem), "\(request): \(answer)")
                        #expect(answer.headers.first(name: "Content-Type") == "application/problem+json")
                        #expect(
                            answer.headers.first(name: "WWW-Authenticate")?.hasPrefix("Bearer realm=") == true
                        )
                    }
                }
            }
        }
    }

    @Test("two tokens in one request are refused")
    func twice() async throws {
        try await NetworkFiles.with { files in
            try await TestService.run(network: files) { service in
                let token = "Bearer \(files.tokens[.operator] ?? "")"
                let answer = try await service.overNetwork?.send(
                    .GET, "/v1/jobs", headers: ["Authorization": token, "authorization": token])
                #expect(answer?.status == 401)
            }
        }
    }

    @Test("a job is followed over TLS, and the streams end when the service does")
    func streams() async throws {
        try await NetworkFiles.with { files in
            try await TestService.run(network: files) { service in
                let client = try #require(service.overNetwork)
                let headers: HTTPHeaders = ["Authorization": "Bearer \(files.tokens[.gateway] ?? "")"]
                try await service.addAlice()
                _ = try await service.submit("  - a: wait")
                let isFollowing = Latch<Bool>()
                async let followed = client.send(
                    .GET, "/v1/jobs/1/logs/a?follow=true", headers: headers, begun: { isFollowing.open(true) }
                )
                _ = try await isFollowing.wait()
                let machine = await service.supply.machine(of: "1")
                await machine.write("one line\n", by: "a")
                machine.finish("a", with: 0)
                let answer = try await followed
                #expect(answer.isWhole && answer.text == "one line\n")
            }
        }
    }

    @Test("TLS before 1.2, and no TLS at all, get no answer")
    func oldTLS() async throws {
        try await NetworkFiles.with { files in
            try await TestService.run(network: files) { service in
                var client = try #require(service.overNetwork)
                client.tls.minimumTLSVersion = .tlsv1
                client.tls.maximumTLSVersion = .tlsv11
                let answer = try? await client.send(.GET, "/v1/jobs")
                #expect(answer?.status ?? 0 == 0)

                let received = try await Self.talk("GET /v1/jobs HTTP/1.1\r\nHost: a\r\n\r\n", to: client)
                #expect(!received.contains("HTTP/"))
            }
        }
    }

    @Test("connections that show no token keep nobody out, not even from the same address")
    func newcomers() async throws {
        try await NetworkFiles.with { files in
            try await TestService.run(network: files) { service in
                let client = try #require(service.overNetwork)
                func status(_ token: String) async throws -> Int {
                    let headers: HTTPHeaders = ["Authorization": "Bearer \(token)"]
                    return try await client.send(.GET, "/v1/jobs", headers: headers).status
                }
                let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                var silent: [any Channel] = []
                for _ in 0..<(3 * Newcomers.mostOfBlock) {
                    silent.append(
                        try await bootstrap.connect(host: "127.0.0.1", port: try #require(client.port)).get())
                }
                // The oldest are closed; a wrong token is no token.
                for channel in silent.prefix(2 * Newcomers.mostOfBlock) {
                    try await channel.closeFuture.get()
                }
                #expect(try await status("sallyport_0") == 401)
                for _ in 1...3 { #expect(try await status(files.tokens[.gateway] ?? "") == 200) }
                for channel in silent { try? await channel.close() }
            }
        }
    }

    @Test("a silent connection is hung up on")
    func silence() async throws {
        try await NetworkFiles.with { files in
            try await TestService.run(idleTime: 2, network: files) { service in
                let client = try #require(service.overNetwork)
                #expect(try await Self.talk("", to: client) == "")
            }
        }
    }

    /// Everything received on a plain connection until its end.
    private static func talk(_ text: String, to client: HTTPClient) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: try #require(client.port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: text))
            var received = ""
            for try await piece in inbound { received += String(buffer: piece) }
            return received
        }
    }

    @Test("the error names an address that is in use")
    func takenPort() async throws {
        try await NetworkFiles.with { files in
            let other = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: 0).get()
            var files = files
            files.port = try #require(other.localAddress?.port)
            do {
                try await TestService.run(network: files) { _ in
                    // Until the runner has given up.
                    try await Task.sleep(for: .seconds(60))
                }
                Issue.record("it listens there")
            } catch let error as RunnerError {
                let place = "port \(files.port) of 127.0.0.1"
                #expect(error.explanation == "The runner cannot listen on \(place). (Address already in use)")
            }
            try await other.close()
        }
    }

    @Test("invalid files are refused by name")
    func files() async throws {
        try await NetworkFiles.with { files in
            try files.makeCertificate("other.pem", key: "other.key")
            try files.write("nonsense", to: "nonsense")
            try files.write(
                try String(contentsOfFile: "\(files.folder)/key.pem", encoding: .utf8), to: "open",
                mode: 0o644)
            try files.write("a gateway 0\n", to: "short")
            try files.write("", to: "everybodys", mode: 0o666)
            typealias Network = Configuration.Runner.Network
            let mistakes: [(name: String, WritableKeyPath<Network, String>, complaint: String)] = [
                ("nonsense", \.certificate, "certificates in PEM"),
                ("absent", \.certificate, "certificates in PEM"),
                ("nonsense", \.key, "private key in PEM"), ("absent", \.key, "No such file"),
                ("open", \.key, "by others"), ("other.key", \.key, "not the key of"),
                ("short", \.tokens, "expected a name"), ("absent", \.tokens, "No such file"),
                ("everybodys", \.tokens, "by others"),
            ]
            for (name, place, complaint) in mistakes {
                var configuration = files.configuration
                configuration[keyPath: place] = "\(files.folder)/\(name)"
                let error = #expect(throws: ConfigurationError.self) { try NetworkListener(configuration) }
                #expect(error?.path == "\(files.folder)/\(name)")
                #expect(
                    error?.description.contains(complaint) == true, "\(name): \(error?.description ?? "")")
            }
            #expect(try NetworkListener(files.configuration).tokens.count == 3)
        }
    }
}
