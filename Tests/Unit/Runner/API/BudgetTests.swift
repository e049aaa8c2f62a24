import BuildAPI
import ConfigurationFile
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import Runner

/// One person who takes all that the runner gives; another one who logs in meanwhile.
@Suite("A person's budgets")
struct BudgetTests {
    private static let limits = Configuration.Runner.Limits.with {
        ($0.keptPerOwner, $0.sessionsPerPerson, $0.streamsPerPerson, $0.queuedPerOwner) = (3, 2, 2, 2)
    }

    @Test("what is over one of them is refused with its sentence, leaves nothing, and keeps nobody else out")
    func everything() async throws {
        try await TestService.run(slots: 3, limits: Self.limits) { service in
            try await service.addAlice()
            try await service.addBob()
            _ = try await service.failedJob(query: "owner=bob")
            _ = try await service.failedJob()
            _ = try await service.submit("  - a: wait")

            for session in ["a", "b"] {
                #expect(try await service.claim("2", session: session).status == 201)
            }
            try await Self.expectRefusal(
                try await service.claim("2", session: "c"), "alice already has 2 sessions, which is the limit"
            )
            #expect(try await service.job("2").sessions.count == 2)
            try await Self.logIn(to: service, during: "sessions")

            let streams = try await Self.follow(["logs/a?follow=true&person=1", "events?person=1"], service)
            for path in ["logs/a?follow=true&person=1", "events?person=1"] {
                try await Self.expectRefusal(
                    try await service.client.send(.GET, "/v1/jobs/3/\(path)"),
                    "already follows 2 logs and jobs")
            }
            try await Self.logIn(to: service, during: "streams")

            let sources = try await Self.sendSlowly(JobDirectory.arrivalsPerPerson, to: service)
            try await Self.expectRefusal(
                try await service.client.send(
                    .POST, "/v1/jobs?owner=alice", headers: ["Content-Type": "application/x-tar"], body: "x"),
                "alice is already sending 4 sources, which is the limit")
            #expect(try Self.incoming(service).count == JobDirectory.arrivalsPerPerson)
            try await Self.logIn(to: service, during: "sources on their way")

            for _ in 1...2 { _ = try await service.submit("  - a: exit 0") }
            try await Self.expectRefusal(
                try await service.submission("  - a: exit 0"),
                "alice already has 2 waiting jobs, which is the limit")
            #expect(try await service.client.send(.GET, "/v1/jobs/6").status == 404)
            try await Self.logIn(to: service, during: "waiting jobs")

            // Each of them takes a while, one after the other.
            let manifest = "#" + String(repeating: " a comment\n#", count: 80_000)
            let reading = (0..<4).map { _ in Task { try await service.submission("  - [", more: manifest) } }
            let listing = (0..<20).map { _ in
                Task { try await service.client.send(.GET, "/v1/jobs?owner=alice") }
            }
            try await Self.logIn(to: service, during: "manifests and lists")
            for task in reading { #expect(try await task.value.status == 422) }
            for task in listing { #expect(try await task.value.status == 200) }

            for source in sources { try await source.close() }
            try await service.wait(step: 0) { try Self.incoming(service).isEmpty }
            await service.supply.machine(of: "3").finish("a", with: 0)
            for stream in streams { _ = try await stream.value }
        }
    }

    /// What a gateway asks for when Bob enters his job.
    private static func logIn(
        to service: TestService, during budget: String, _ place: SourceLocation = #_sourceLocation
    ) async throws {
        let start = ContinuousClock.now
        let key = "/v1/keys/\(TestService.bobFingerprint.percentEncoded)"
        #expect(try await service.client.send(.GET, key).status == 200, "\(budget)", sourceLocation: place)
        #expect(
            try await service.client.send(.GET, "/v1/jobs/1").status == 200, "\(budget)",
            sourceLocation: place)
        let answer = try await service.claim("1", byBob: true)
        #expect(answer.status == 201, "\(budget)", sourceLocation: place)
        let claim = try answer.decode(Claim.self)
        #expect(
            try await service.client.send(.DELETE, "/v1/claims/\(claim.id)?reason=done").status == 204,
            "\(budget)", sourceLocation: place)
        // Nobody stands in line behind what is refused; the machine itself may be busy.
        #expect(start.duration(to: .now) < .seconds(30), "\(budget)", sourceLocation: place)
    }

    private static func expectRefusal(
        _ answer: HTTPClient.Answer, _ sentence: String, _ place: SourceLocation = #_sourceLocation
    ) async throws {
        #expect(answer.status == 429, sourceLocation: place)
        let detail = try answer.decode(Problem.self).detail ?? ""
        #expect(detail.contains(sentence), "\(detail)", sourceLocation: place)
    }

    /// Follows something of job 3's; returns when all answers have begun.
    private static func follow(
        _ paths: [String], _ service: TestService
    ) async throws -> [Task<HTTPClient.Answer, any Error>] {
        var streams: [Task<HTTPClient.Answer, any Error>] = []
        for path in paths {
            let begun = Latch<Bool>()
            streams.append(
                Task {
                    try await service.client.send(.GET, "/v1/jobs/3/\(path)", begun: { begun.open(true) })
                })
            _ = try await begun.wait()
        }
        return streams
    }

    /// Begins to send sources of Alice's; returns when all of them are on their way.
    private static func sendSlowly(_ count: Int, to service: TestService) async throws -> [any Channel] {
        let head = """
            POST /v1/jobs?owner=alice HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-tar\r
            Content-Length: 100000\r\n\r\nx
            """
        var channels: [any Channel] = []
        for _ in 0..<count {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: service.client.socket).get()
            try await channel.writeAndFlush(ByteBuffer(string: head))
            channels.append(channel)
        }
        try await service.wait(step: 0) { try Self.incoming(service).count == count }
        return channels
    }

    private static func incoming(_ service: TestService) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: IncomingSource.folder(in: service.folder))
    }
}
