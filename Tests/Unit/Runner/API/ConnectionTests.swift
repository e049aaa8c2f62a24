import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import Runner

@Suite("Connections")
struct ConnectionTests {
    @Test("no client keeps the others out")
    func limits() {
        let limit = ConnectionLimit(.peer(Roles(own: 1)))
        for origin in [Origin.user(1), .user(2), .address("192.0.2.1"), .address("192.0.2.2")] {
            for _ in 0..<16 { #expect(limit.admit(origin, most: 16)) }
            #expect(!limit.admit(origin, most: 16))
            limit.leave(origin)
            #expect(limit.admit(origin, most: 16) && !limit.admit(origin, most: 16))
        }
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
            #expect(try await service.client.send(.GET, "/v1/jobs").status == 200)
            for channel in channels { try await channel.close() }
        }
    }
}
