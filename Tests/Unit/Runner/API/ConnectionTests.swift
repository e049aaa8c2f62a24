import BuildAPI
import ConfigurationFile
import Foundation
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOPosix
import Testing

@testable import Runner

@Suite("Connections")
struct ConnectionTests {
    @Test("no client keeps the others out")
    func limits() throws {
        let limit = ConnectionLimit()
        for origin in [Origin.user(1), .user(2), .token("gate-1"), .usersWithoutRole] {
            func admit(_ channel: EmbeddedChannel) -> Bool {
                limit.admit([(origin, 16)], until: channel.closeFuture)
            }
            let channels = (0..<16).map { _ in EmbeddedChannel() }
            let next = EmbeddedChannel()
            #expect(!channels.map(admit).contains(false) && !admit(next))
            _ = try channels[3].finish()
            #expect(admit(next) && !admit(next))
        }
    }

    @Test("of the connections without a token, the oldest of the same network goes first")
    func newcomers() throws {
        let newcomers = Newcomers()
        func connect(_ address: String) throws -> EmbeddedChannel {
            let channel = EmbeddedChannel()
            #expect(newcomers.enter(channel, from: address))
            return channel
        }
        let others = try (0..<Newcomers.mostOfBlock).map { try connect("2001:db8:0:1::\($0)") }
        let first = try connect("192.0.2.1")
        let second = try connect("::ffff:192.0.2.77")
        newcomers.leave(second)
        for _ in 1..<Newcomers.mostOfBlock { _ = try connect("192.0.2.9") }
        #expect(first.closeFuture.isOpen && second.closeFuture.isOpen)
        let last = try connect("192.0.2.200")
        #expect(!first.closeFuture.isOpen && second.closeFuture.isOpen && last.closeFuture.isOpen)
        #expect(!others.map(\.closeFuture.isOpen).contains(false))
        for network in 0..<8 {
            for _ in 0..<Newcomers.mostOfBlock { _ = try connect("2001:db8:1:\(network)::1") }
        }
        #expect(newcomers.count == Newcomers.most)
        #expect(!newcomers.enter(EmbeddedChannel(), from: "a name"))
        // A gateway's sessions all come back at once.
        newcomers.prove("192.0.2.9")
        let known = try (0..<300).map { _ in try connect("192.0.2.9") }
        for _ in 0..<Newcomers.most { _ = try connect("192.0.2.10") }
        #expect(!known.map(\.closeFuture.isOpen).contains(false))
        #expect(!others.map(\.closeFuture.isOpen).contains(true))
    }

    @Test("a connection that is closed before its token is counted is not one too many")
    func closedConnections() async throws {
        let (limit, newcomers) = (ConnectionLimit(), Newcomers())
        func refusal(on channel: NIOAsyncTestingChannel) async -> RunnerError? {
            do {
                try await TokenLimitHandler.admit(token: "gate-1", on: channel)
                return nil
            } catch {
                return error
            }
        }
        let closed = try await connection(limit, newcomers)
        try await closed.close()
        let failure = await refusal(on: closed)
        #expect(failure?.code == .failure && failure?.debugDescription.contains("gate-1") == true)
        let open = try await connection(limit, newcomers)
        #expect(await refusal(on: open) == nil && newcomers.count == 0)
        for _ in 1..<ConnectionLimit.ofClient {
            #expect(limit.admit([(.token("gate-1"), ConnectionLimit.ofClient)], until: open.closeFuture))
        }
        let last = try await connection(limit, newcomers)
        let full = await refusal(on: last)
        #expect(full?.code == .tooMany(.init(what: "connections", limit: ConnectionLimit.ofClient)))
        try await open.close()
        #expect(await refusal(on: last) == nil)
        try await last.close()
    }

    @Test("a person follows as much as the limit says, and keeps nobody else from it")
    func streams() async throws {
        try await TestService.run(limits: .with { $0.streamsPerPerson = 2 }) { service in
            try await service.addAlice()
            try await service.addBob()
            _ = try await service.submit("  - a: wait")
            func follow(_ path: String, _ begun: Latch<Bool>) async throws -> HTTPClient.Answer {
                try await service.client.send(.GET, path, begun: { begun.open(true) })
            }
            let (one, two, three) = (Latch<Bool>(), Latch<Bool>(), Latch<Bool>())
            async let first = follow("/v1/jobs/1/logs/a?follow=true&person=1", one)
            async let second = follow("/v1/jobs/1/events?person=1", two)
            _ = (try await one.wait(), try await two.wait())
            for path in ["logs/a?follow=true", "events?x=1", "logs/setup?follow=false"] {
                let refused = try await service.client.send(.GET, "/v1/jobs/1/\(path)&person=1")
                #expect(
                    refused.status == 429 && refused.text.contains("already follows 2"), "\(refused.text)")
            }
            async let his = follow("/v1/jobs/1/logs/a?follow=true&person=2", three)
            _ = try await three.wait()
            (await service.supply.machine(of: "1")).finish("a", with: 0)
            _ = (try await first, try await second, try await his)
            let again = try await service.client.send(.GET, "/v1/jobs/1/logs/setup?person=1")
            #expect(again.status == 200)
        }
    }

    @Test("the streams of one gateway leave it connections for logins")
    func streamsOfAClient() throws {
        let limit = StreamLimit(ofPerson: 2)
        var streams = try (0..<StreamLimit.ofClient).map { try limit.begin(for: "\($0)", of: "token a") }
        for person in ["0", "new", nil] {
            let refused = #expect(throws: RunnerError.self) { try limit.begin(for: person, of: "token a") }
            #expect(refused?.code == .tooMany(.init(what: "streams", limit: 1500)))
            #expect(
                refused?.description.hasPrefix("People already follow 1500 logs and jobs through") == true)
        }
        // What is refused counts for nobody, and nowhere else.
        let others = try (0..<2).map { _ in try limit.begin(for: "new", of: "token b") }
        let refused = #expect(throws: RunnerError.self) { try limit.begin(for: "new", of: "token b") }
        #expect(refused?.description.hasPrefix("This person already follows 2 logs") == true)
        streams.removeLast()
        streams.append(try limit.begin(for: nil, of: "token a"))
        #expect(ConnectionLimit.ofClient - StreamLimit.ofClient >= 500)
        withExtendedLifetime((streams, others)) {}
    }

    @Test("the connections of one token keep no other token out")
    func tokens() async throws {
        let (limit, newcomers) = (ConnectionLimit(), Newcomers())
        let origin = [(key: Origin.token("a"), limit: ConnectionLimit.ofClient)]
        let (first, others) = (try await connection(limit, newcomers), try await connection(limit, newcomers))
        #expect(limit.admit(origin, until: first.closeFuture))
        for _ in 1..<ConnectionLimit.ofClient { #expect(limit.admit(origin, until: others.closeFuture)) }
        let (one, other) = (try await connection(limit, newcomers), try await connection(limit, newcomers))
        let refused = await #expect(throws: RunnerError.self) {
            try await TokenLimitHandler.admit(token: "a", on: one)
        }
        #expect(refused?.code == .tooMany(.init(what: "connections", limit: 2000)))
        #expect(refused?.description == "The token a already has 2000 connections, which is the limit.")
        try await TokenLimitHandler.admit(token: "b", on: other)
        #expect(newcomers.count == 3)
        try await first.close()
        try await first.closeFuture.get()
        try await TokenLimitHandler.admit(token: "a", on: one)
        #expect(newcomers.count == 1)
        #expect(!limit.admit(origin, until: other.closeFuture))
        for channel in [one, other, others] {
            try await channel.close()
            try await channel.closeFuture.get()
        }
        #expect(limit.admit(origin, until: other.closeFuture))
    }

    @Test(
        "an incomplete request is hung up on; a reader who follows a silent log is not",
        arguments: [
            "", "GET /v1/jobs HTTP/1.1\r\nHost: a",
            "POST /v1/keys HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
        ])
    func halfRequests(bytes: String) async throws {
        try await TestService.run(idleTime: 3) { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait")
            let isFollowing = Latch<Bool>()
            async let followed = service.client.send(
                .GET, "/v1/jobs/1/logs/a?follow=true", begun: { isFollowing.open(true) })
            _ = try await isFollowing.wait()
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: service.client.socket).get()
            try await channel.writeAndFlush(ByteBuffer(string: bytes))
            try await channel.closeFuture.get()
            let machine = await service.supply.machine(of: "1")
            await machine.write("late", by: "a")
            machine.finish("a", with: 0)
            let answer = try await followed
            #expect(answer.isWhole && answer.text == "late")
        }
    }

    @Test("a thousand idle connections keep nobody out")
    func manyConnections() async throws {
        try await TestService.run { service in
            var channels: [any Channel] = []
            for _ in 0..<1000 {
                channels.append(
                    try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                        .connect(unixDomainSocketPath: service.client.socket).get())
            }
            let start = ContinuousClock.now
            #expect(try await service.client.send(.GET, "/v1/jobs").status == 200)
            #expect(start.duration(to: .now) < .seconds(5))
            for channel in channels { try await channel.close() }
        }
    }
}

extension EventLoopFuture<Void> {
    /// Whether it has no value yet, for a channel without a thread of its own.
    fileprivate var isOpen: Bool {
        (eventLoop as? EmbeddedEventLoop)?.run()
        var isOpen = true
        assumeIsolated().whenComplete { _ in isOpen = false }
        return isOpen
    }
}

/// A new connection from 192.0.2.1 that `limit` and `newcomers` count.
private func connection(
    _ limit: ConnectionLimit, _ newcomers: Newcomers
) async throws -> NIOAsyncTestingChannel {
    let channel = NIOAsyncTestingChannel()
    channel.remoteAddress = try SocketAddress(ipAddress: "192.0.2.1", port: 1)
    try await channel.testingEventLoop.executeInContext {
        try channel.pipeline.syncOperations.addHandler(
            TokenLimitHandler(limit: limit, newcomers: newcomers))
    }
    return channel
}
