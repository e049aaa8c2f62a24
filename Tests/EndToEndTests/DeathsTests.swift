import Subprocess
import Testing
import World

/// However a client dies, nothing of it stays on the gateway.
@Suite struct DeathsTests {
    @Test func aKilledClientWithATerminalLeavesNothing() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let finished = try await Command.start(
            world.ssh(["connect", job, "echo ready; sleep 1000"], options: ["-t"]),
            terminal: try PseudoTerminal()
        ) { client in
            try await client.output.wait(for: "ready")
            client.send(.kill)
        }
        #expect(finished.status == 137, "\(finished)")
        try await expectNobodyOnTheGateway(in: world)
        try await expectNoSession(of: job, in: world)
    }

    /// Nothing tells the forced command of that; it has to look.
    @Test(arguments: ["connect", "tail"])
    func aKilledClientWithoutATerminalLeavesNothing(verb: String) async throws {
        let world = try await SharedWorld.get()
        let sleeper = "image: debian\ntasks:\n  - rest: |\n      echo ready\n      sleep 30\n"
        let job =
            verb == "tail"
            ? try await Operator(world: world).submit(sleeper) : try await SharedJobs.wreck(world)
        let words = verb == "tail" ? ["tail", job] : ["connect", job, "echo ready; sleep 1000"]
        let finished = try await Command.start(world.ssh(words), deadline: .seconds(90)) { client in
            try await client.output.wait(for: "ready")
            client.send(.kill)
        }
        #expect(finished.status == 137, "\(finished)")
        try await expectNobodyOnTheGateway(in: world)
        try await expectNoSession(of: job, in: world)
    }

    /// Its lease covers that.
    @Test func aKilledForcedCommandLosesItsClaim() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        _ = try await Command.start(world.ssh(["connect", job, "echo ready; sleep 1000"])) { client in
            try await client.output.wait(for: "ready")
            _ = try await world.run(["pkill", "-KILL", "-f", "^/usr/local/libexec/sallyport/sallyport-shell"])
        }
        try await expectNobodyOnTheGateway(in: world)
        try await expectNoSession(of: job, in: world)
    }

    /// Its network is gone, for all that sshd can see: nothing answers any more.
    @Test func aFrozenClientLeavesNothing() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        _ = try await Command.start(world.ssh(["connect", job, "echo ready; sleep 1000"])) { client in
            try await client.output.wait(for: "ready")
            client.send(.suspend)
            try await expectNobodyOnTheGateway(in: world)
            client.send(.kill)
        }
        try await expectNoSession(of: job, in: world)
    }

    @Test func aKilledSessionOfSshdLeavesNothing() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let finished = try await Command.start(world.ssh(["connect", job, "echo ready; sleep 1000"])) {
            client in
            try await client.output.wait(for: "ready")
            let killed = try await world.run(["pkill", "-KILL", "-f", "^sshd: builds@"])
            #expect(killed.status == 0, "\(killed)")
        }
        #expect(finished.status == 255, "\(finished)")
        try await expectNobodyOnTheGateway(in: world)
        try await expectNoSession(of: job, in: world)
    }
}
