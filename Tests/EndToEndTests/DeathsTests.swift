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

    /// Waits for as long as a lease of three seconds may take to run out.
    private func expectNoSession(
        of job: String, in world: World, at place: SourceLocation = #_sourceLocation
    ) async throws {
        let start = ContinuousClock.now
        var sessions: [Operator.Job.Session] = []
        repeat {
            sessions = try await Operator(world: world).job(job).sessions
            if sessions.isEmpty { return }
            try await Task.sleep(for: .milliseconds(100))
        } while start.duration(to: .now) < .seconds(10)
        Issue.record("\(sessions) are left\n\(await world.logTails())", sourceLocation: place)
    }
}
