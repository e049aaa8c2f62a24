import Glibc
import NIOCore
import Subprocess
import TestBed
import Testing

/// `proxy`: the bytes of the person's own client, to the builder and back.
@Suite struct ProxyTests {
    /// Sends everything back, and its end of file after that of the client.
    private static let echo: @Sendable (ListeningBuilder.Connection) async throws -> Void = { connection in
        try await connection.executeThenClose { inbound, outbound in
            for try await bytes in inbound { try await outbound.write(bytes) }
            outbound.finish()
        }
    }

    private func proxy(_ testBed: TestBed, _ job: String = "42") -> [String] {
        testBed.ssh(["proxy", job], to: .orphaned)
    }

    @Test(arguments: ["42", "job-42", "job-42.builds.example.org"])
    func bytesComeBackAsTheyWent(name: String) async throws {
        let testBed = try await SharedTestBed.get()
        try await ListeningBuilder.serving(in: testBed, Self.echo) { service in
            let bytes = randomBytes(4 << 20)
            let ended = try await Command.run(proxy(testBed, name), input: bytes)
            await expect(ended, status: 0, in: testBed)
            expectSame(ended.output, as: bytes)
            #expect(ended.errors.isEmpty, "\(ended.errorText)")
            try await expectNobodyOnTheGateway(in: testBed)
            let claims = service.asked.filter { $0.contains("claims") }
            #expect(claims.first?.hasPrefix("POST /v1/jobs/42/claims ") == true, "\(claims)")
            #expect(claims.last?.hasPrefix("DELETE /v1/claims/c1?reason=done ") == true, "\(claims)")
        }
    }

    @Test func aBuilderThatHasSaidEverythingStillListens() async throws {
        let testBed = try await SharedTestBed.get()
        let heard = Heard()
        try await ListeningBuilder.serving(in: testBed) { connection in
            try await connection.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: "that is all"))
                outbound.finish()
                for try await bytes in inbound { await heard.add(bytes) }
                await heard.end()
            }
        } _: { _ in
            let ended = try await Command.start(proxy(testBed)) { command in
                // The end of file comes through while the client may still send.
                await command.output.waitForEnd()
                try await command.write("I hear")
                try await command.finishInput()
            }
            await expect(ended, status: 0, output: ["that is all"], in: testBed)
            #expect(await heard.everything() == "I hear")
        }
    }

    /// Nobody tells a forced command without a terminal that its client is gone.
    @Test func itDiesWithItsClient() async throws {
        let testBed = try await SharedTestBed.get()
        let heard = Heard()
        try await ListeningBuilder.serving(in: testBed) { connection in
            try await connection.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: "ready"))
                for try await bytes in inbound { await heard.add(bytes) }
                await heard.end()
            }
        } _: { service in
            _ = try await Command.start(proxy(testBed)) { command in
                try await command.output.wait(for: "ready")
                command.send(.kill)
            }
            _ = await heard.everything()
            try await expectNobodyOnTheGateway(in: testBed)
            #expect(service.asked.contains { $0.hasPrefix("DELETE /v1/claims/c1?") }, "\(service.asked)")
        }
    }

    @Test func itDiesWithItsBuilder() async throws {
        let testBed = try await SharedTestBed.get()
        try await ListeningBuilder.serving(in: testBed) { connection in
            // Its end is a reset.
            let socket = try #require(connection.channel as? any SocketOptionProvider)
            try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            try await connection.executeThenClose { inbound, _ in
                for try await _ in inbound { return }
            }
        } _: { _ in
            let ended = try await Command.start(proxy(testBed)) { command in
                try await command.write("hello")
                await command.output.waitForEnd()
            }
            await expect(ended, status: 69, errors: ["The connection to the builder was lost."], in: testBed)
            #expect(ended.output.isEmpty)
        }
    }

    /// A client reads nothing for a while: nothing piles up on the gateway, and nothing is lost.
    @Test func whatNobodyReadsWaits() async throws {
        let testBed = try await SharedTestBed.get()
        let bytes = randomBytes(16 << 20)
        try await ListeningBuilder.serving(in: testBed) { connection in
            try await connection.executeThenClose { _, outbound in
                // What is still to be written when the output is closed would be lost here.
                try await connection.channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
                outbound.finish()
                try await connection.channel.closeFuture.get()
            }
        } _: { _ in
            let line = proxy(testBed).map { "'\($0)'" }.joined(separator: " ")
            let ended = try await Command.run(
                ["bash", "-o", "pipefail", "-c", "\(line) | { sleep 2; exec cat; }"])
            #expect(ended.status == 0, "\(ended.errorText)")
            expectSame(ended.output, as: bytes)
        }
    }

    /// Editors give ssh 15 seconds, the login included.
    @Test func aBuilderThatBootsForLongIsWaitedForNoLongerThanClientsWait() async throws {
        let testBed = try await SharedTestBed.get()
        try await ListeningBuilder.serving(in: testBed, port: nil, hostKey: "", admitsKeys: true) { _ in
            let start = ContinuousClock.now
            let ended = try await Command.run(proxy(testBed))
            await expect(
                ended, status: 75,
                errors: [
                    "sallyport: The builder of job 42 is booting.",
                    "sallyport: The builder of job 42 is still booting. Try again in a minute.",
                ], in: testBed)
            let time = start.duration(to: .now)
            #expect(time > .seconds(12) && time < .seconds(15), "\(time)")
        }
    }

    @Test func aTerminalIsNoWayForBytes() async throws {
        let testBed = try await SharedTestBed.get()
        try await ListeningBuilder.serving(in: testBed, Self.echo) { service in
            let refused = try await Command.run(
                testBed.ssh(["proxy", "42"], to: .orphaned, options: ["-tt"]))
            await expect(refused, status: 64, output: ["proxy carries the bytes of your ssh"], in: testBed)
            #expect(!service.asked.contains { $0.hasPrefix("POST ") }, "\(service.asked)")
        }
    }

    /// builds.sr.ht names no host keys: the first one that was shown counts.
    @Test func aBuilderThatNobodyHasSeenYetHasNoProxy() async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            let builder = try await StandInBuilder.start(
                in: testBed, options: ["-o", "AuthorizedKeysFile=.ssh/authorized_keys"])
            try await StandInBuilder.authorize("", in: testBed)
            worker["42"].port = builder.port
            let ssh = testBed.proxied(to: .sourcehut, knowing: "\(testBed.client)/known_hosts.42")
            let refused = try await Command.run(ssh + ["true"])
            await expect(
                refused, status: 255, errors: ["The host key of this builder is not known yet."],
                in: testBed)
            #expect(worker.told(about: "42").isEmpty)

            let seen = try await Command.run(testBed.ssh(["connect", "42", "true"], to: .sourcehut))
            await expect(seen, status: 0, in: testBed)
            let known = try await Command.run(testBed.ssh(["known-hosts", "--bare", "42"], to: .sourcehut))
            await expect(known, status: 0, output: ["job-42 \(try await builder.hostKey())\n"], in: testBed)
            _ = try await testBed.run(["tee", "\(testBed.client)/known_hosts.42"], input: known.text)
            let entered = try await Command.run(ssh + ["exit 7"])
            await expect(entered, status: 7, in: testBed)
            #expect(!worker.told(about: "42").contains("terminate"))
            try await builder.end()
        }
    }

    /// If the service does not add the person's key, the gateway does, while the person is connected.
    @Test func theGatewayLetsTheKeyInAndTakesItOutAgain() async throws {
        let testBed = try await SharedTestBed.get()
        let gateway = try await testBed.run(["cat", "/etc/sallyport/builder_ed25519.pub"]).text.trimmed
        let builder = try await StandInBuilder.start(
            in: testBed, options: ["-o", "AuthorizedKeysFile=.ssh/authorized_keys"])
        // The last line has no end: people write such files.
        try await StandInBuilder.authorize(gateway, in: testBed)
        let hostKey = try await builder.hostKey()
        let known = "\(testBed.client)/known_hosts.\(builder.port)"
        _ = try await testBed.run(["tee", known], input: "job-42 \(hostKey)\n")
        let ssh = testBed.proxied(to: .orphaned, knowing: known)
        let key = try await testBed.run(["cut", "-d", " ", "-f", "1,2", "\(testBed.client)/alice.pub"])
        let entry = key.text.trimmed + " sallyport"
        try await ListeningBuilder.serving(
            in: testBed, port: builder.port, hostKey: hostKey, admitsKeys: false
        ) { _ in
            let first = try await Command.start(ssh + ["echo in; cat"]) { command in
                try await command.output.wait(for: "in\n")
                #expect(try await StandInBuilder.authorizedKeys(in: testBed) == [gateway, entry])
                let second = try await Command.run(ssh + ["exit 7"])
                await expect(second, status: 7, in: testBed)
                #expect(try await StandInBuilder.authorizedKeys(in: testBed) == [gateway, entry])
                try await command.finishInput()
            }
            await expect(first, status: 0, output: ["in"], in: testBed)
            let left = try await StandInBuilder.authorizedKeys(in: testBed) { !$0.contains(entry) }
            #expect(left == [gateway])

            // However it ends.
            _ = try await Command.start(ssh + ["echo in; cat"]) { command in
                try await command.output.wait(for: "in\n")
                try await testBed.signalForcedCommands("KILL")
            }
            #expect(try await StandInBuilder.authorizedKeys(in: testBed) { !$0.contains(entry) } == [gateway])
        }
        // If another machine is at its port, the gateway adds no key there.
        try await ListeningBuilder.serving(
            in: testBed, port: builder.port, hostKey: gateway, admitsKeys: false
        ) { _ in
            let refused = try await Command.run(ssh + ["true"])
            await expect(
                refused, status: 255, errors: ["host key is not that of this job's machine"], in: testBed
            )
            #expect(try await StandInBuilder.authorizedKeys(in: testBed) == [gateway])
        }
        try await builder.end()
    }
}

/// What a builder has heard.
private actor Heard {
    private var text = ""
    private var isOver = false
    private var waiter: CheckedContinuation<Void, Never>?

    func add(_ bytes: ByteBuffer) { text += String(buffer: bytes) }

    func end() {
        isOver = true
        waiter?.resume()
        waiter = nil
    }

    func everything() async -> String {
        if !isOver { await withCheckedContinuation { waiter = $0 } }
        return text
    }
}
