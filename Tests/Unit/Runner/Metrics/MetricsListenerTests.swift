import ConfigurationFile
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Testing

@testable import Runner

/// What Prometheus can read, and what nobody can there.
@Suite struct MetricsListenerTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Serves while `body` runs.
    private func serve(
        port: Int = 0, _ body: @escaping @Sendable (HTTPClient) async throws -> Void
    ) async throws {
        let isReady = Latch<Int>()
        let listener = MetricsListener(
            address: .init(address: "127.0.0.1", port: port), scrape: { "up 1\n" }, logger: Self.logger)
        let service = listener.service { address in isReady.open(address.port ?? 0) }
        try await withThrowingTaskGroup { group in
            group.addTask {
                let services = [ServiceGroupConfiguration.ServiceConfiguration(service: service)]
                try await ServiceGroup(configuration: .init(services: services, logger: Self.logger)).run()
            }
            group.addTask {
                var client = HTTPClient(socket: "", port: try await isReady.wait())
                client.isPlain = true
                try await body(client)
            }
            group.addTask {
                try await Task.sleep(for: .seconds(60))
                throw TestTimeout()
            }
            try await group.next()
            group.cancelAll()
        }
    }

    @Test func prometheusReadsTheText() async throws {
        try await serve { client in
            let answer = try await client.send(.GET, "/metrics")
            #expect(answer.status == 200 && answer.text == "up 1\n")
            #expect(
                answer.headers.first(name: "Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
            let withQuery = try await client.send(.GET, "/metrics?x=y")
            #expect(withQuery.status == 200)
            let head = try await client.send(.HEAD, "/metrics")
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.headers.first(name: "Content-Length") == "5")
        }
    }

    @Test func nothingElseIsThere() async throws {
        try await serve { client in
            for (method, path) in [
                (HTTPMethod.GET, "/"), (.GET, "/v1/jobs"), (.GET, "/metrics/"), (.POST, "/metrics"),
                (.DELETE, "/v1/people/alice"), (.GET, "/v1/../metrics"),
            ] {
                let answer = try await client.send(method, path, body: method == .POST ? "x" : nil)
                #expect(answer.status == 404 && !answer.text.contains("up"), "\(method) \(path): \(answer)")
            }
        }
    }

    @Test func theEndOfTheCertificateIsKnown() async throws {
        try await NetworkFiles.with { files in
            let end = try NetworkListener(files.configuration).end
            // It was made for two days.
            #expect(abs(Date(timeIntervalSince1970: Double(end)).timeIntervalSinceNow - 2 * 86400) < 600)
        }
    }

    @Test func aPortThatIsTakenIsNamed() async throws {
        try await serve { client in
            let port = try #require(client.port)
            let error = await #expect(throws: RunnerError.self) { try await serve(port: port) { _ in } }
            #expect(
                error?.explanation.contains("The runner cannot listen on port \(port) of 127.0.0.1.") == true)
        }
    }
}
