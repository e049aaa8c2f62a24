import Testing
import World

/// What a session survives, and what it says when it cannot.
@Suite struct SurvivalTests {
    /// A command that says when it has begun, and goes on when it is told to.
    static let patient = "echo ready; read word; echo got $word; exit 6"

    /// The next runner finds the builder, the claim and the session as they were.
    @Test func aSessionOutlivesARunnerThatIsKilled() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let finished = try await Command.start(
            world.ssh(["connect", job, Self.patient]), deadline: .seconds(60)
        ) { client in
            try await client.output.wait(for: "ready")
            try await world.killRunner()
            try await world.startRunner()
            try await expectSession(of: job, in: world)
            try await client.write("on\n")
        }
        await expect(finished, status: 6, output: ["got on"], in: world)
        try await expectNobodyOnTheGateway(in: world)
    }

    /// The lease runs out meanwhile: that is said once, and the claim is asked for again.
    @Test func aSessionOutlivesARunnerThatHangs() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let finished = try await Command.start(
            world.ssh(["connect", job, Self.patient]), deadline: .seconds(90)
        ) { client in
            try await client.output.wait(for: "ready")
            try await world.stopRunner()
            do {
                try await client.errors.wait(for: "does not answer")
            } catch {
                try await world.continueRunner()
                throw error
            }
            try await world.continueRunner()
            try await expectSession(of: job, in: world)
            try await client.write("on\n")
        }
        await expect(finished, status: 6, output: ["got on"], in: world)
        let sentences = finished.errorText.split(separator: "\n").filter { $0.contains("does not answer") }
        #expect(sentences.count == 1, "\(finished)")
    }

    /// No hole in the log, and no byte twice, for one that follows it and for one that comes later.
    @Test func aRunningTaskOutlivesARunnerThatIsKilled() async throws {
        let world = try await SharedWorld.get()
        let job = try await Operator(world: world).submit(
            """
            image: debian
            tasks:
              - count: for number in $(seq 200); do echo "number $number"; sleep 0.05; done

            """)
        let numbers = (1...200).map { "[count] number \($0)" }
        let log = try await Command.start(world.ssh(["tail", job]), deadline: .seconds(120)) { client in
            try await client.output.wait(for: "[count] number 40\n")
            try await world.killRunner()
            try await world.startRunner()
        }
        for finished in [log, try await Command.run(world.ssh(["tail", job]))] {
            await expect(finished, status: 0, in: world)
            let said = finished.text.split(separator: "\n").map(String.init)
            #expect(said.filter { $0.hasPrefix("[count] number") } == numbers, "\(finished)")
        }
    }

    /// No packet comes any more: SSH's own keep-alives notice it.
    @Test func aFrozenBuilderIsSaidToBeLost() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let finished = try await Command.start(
            world.ssh(["connect", job, "echo ready; sleep 1000"]), deadline: .seconds(60)
        ) { client in
            try await client.output.wait(for: "ready")
            try await world.signalBuilder(of: job, "STOP")
        }
        try await world.signalBuilder(of: job, "CONT")
        await expect(finished, status: 69, errors: ["connection to the builder was lost"], in: world)
        try await expectNobodyOnTheGateway(in: world)
    }

    @Test func aBuilderWithoutANetworkIsSaidToBeLost() async throws {
        let world = try await SharedWorld.get()
        let job = try await Operator(world: world).submit("image: debian\ntasks:\n  - check: exit 1\n")
        let lost = try await Command.run(
            world.ssh(["connect", job, "echo ready; sudo sh -c 'ip link set eth0 down; sleep 1000'"]),
            deadline: .seconds(90))
        await expect(
            lost, status: 69, output: ["ready"], errors: ["connection to the builder was lost"], in: world)
        try await world.signalBuilder(of: job, "KILL")
        let gone = try await Command.run(world.ssh(["connect", job, "true"]))
        await expect(gone, status: 69, errors: ["failed", "its builder is gone", "tail \(job)"], in: world)
    }

    @Test func aBuilderThatIsKilledIsSaidToBeLost() async throws {
        let world = try await SharedWorld.get()
        let job = try await Operator(world: world).submit("image: debian\ntasks:\n  - check: exit 1\n")
        let lost = try await Command.start(
            world.ssh(["connect", job, "echo ready; sleep 1000"]), deadline: .seconds(90)
        ) { client in
            try await client.output.wait(for: "ready")
            try await world.signalBuilder(of: job, "KILL")
        }
        await expect(lost, status: 69, errors: ["connection to the builder was lost"], in: world)
    }

    @Test func anAdministratorWhoEndsASessionIsNotSilent() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let finished = try await Command.start(world.ssh(["connect", job, "echo ready; sleep 1000"])) {
            client in
            try await client.output.wait(for: "ready")
            try await world.signalForcedCommands("TERM")
        }
        await expect(finished, status: 143, errors: ["the gateway has ended this session"], in: world)
        try await expectNoSession(of: job, in: world)
    }

    @Test func aKeyThatIsRemovedEndsItsSessions() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let finished: Finished
        do {
            finished = try await Command.start(
                world.ssh(["connect", job, "echo ready; sleep 1000"]), deadline: .seconds(60)
            ) { client in
                try await client.output.wait(for: "ready")
                let removed = try await Operator(world: world).removeKey(of: "alice")
                #expect(removed.status == 0, "\(removed)")
            }
        } catch {
            _ = try await Operator(world: world).addKey(of: "alice")
            throw error
        }
        _ = try await Operator(world: world).addKey(of: "alice")
        await expect(finished, status: 77, errors: ["ended this session"], in: world)
    }
}
