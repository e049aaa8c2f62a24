import TestBed
import Testing

/// What a session survives, and what it says if it does not.
@Suite struct SurvivalTests {
    /// A command that prints a line when it has begun, and continues when it is told to.
    static let patient = "echo ready; read word; echo got $word; exit 6"

    /// The next runner finds the builder, the claim and the session as they were.
    @Test func aSessionOutlivesARunnerThatIsKilled() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let finished = try await Command.start(
            testBed.ssh(["connect", job, Self.patient]), deadline: .seconds(60)
        ) { client in
            try await client.output.wait(for: "ready")
            try await testBed.killRunner()
            try await testBed.startRunner()
            try await expectSession(of: job, in: testBed)
            try await client.write("on\n")
        }
        await expect(finished, status: 6, output: ["got on"], in: testBed)
        try await expectNobodyOnTheGateway(in: testBed)
    }

    /// People who are inside stay: they are told once that the lease has run out, and the claim is made again. People who
    /// try to enter are told, and those who only follow a log give up after a minute.
    @Test func aSessionOutlivesARunnerThatHangs() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let running = try await Operator(testBed: testBed).submit(
            "image: debian\ntasks:\n  - rest: echo begun; sleep 1000\n")
        let listening = Task {
            try await Command.run(testBed.ssh(["tail", running]), deadline: .seconds(150))
        }
        try await expectTask("rest", of: running, toBe: "running", in: testBed)
        let inside = try await Command.start(
            testBed.ssh(["connect", job, Self.patient]), deadline: .seconds(150)
        ) { client in
            try await client.output.wait(for: "ready")
            try await testBed.stopRunner()
            do {
                let coming = try await Command.run(testBed.ssh(["connect", job]))
                await expect(
                    coming, status: 75, errors: ["The build service does not answer. Try again"], in: testBed)
                try await client.errors.wait(for: "does not answer")
                let log = try await listening.value
                await expect(
                    log, status: 75, errors: ["The build service does not answer. Try again"], in: testBed)
            } catch {
                try await testBed.continueRunner()
                throw error
            }
            try await testBed.continueRunner()
            try await expectSession(of: job, in: testBed)
            try await client.write("on\n")
        }
        await expect(inside, status: 6, output: ["got on"], in: testBed)
        let sentences = inside.errorText.split(separator: "\n").filter { $0.contains("does not answer") }
        #expect(sentences.count == 1, "\(inside)")
        try await testBed.endBuilder(of: running)
    }

    /// No hole in the log, and no byte twice, for one that follows it and for one that comes later.
    @Test func aRunningTaskOutlivesARunnerThatIsKilled() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            """
            image: debian
            tasks:
              - count: for number in $(seq 200); do echo "number $number"; sleep 0.05; done

            """)
        let numbers = (1...200).map { "[count] number \($0)" }
        let log = try await Command.start(testBed.ssh(["tail", job]), deadline: .seconds(120)) { client in
            try await client.output.wait(for: "[count] number 40\n")
            try await testBed.killRunner()
            try await testBed.startRunner()
        }
        for finished in [log, try await Command.run(testBed.ssh(["tail", job]))] {
            await expect(finished, status: 0, in: testBed)
            let said = finished.text.split(separator: "\n").map(String.init)
            #expect(said.filter { $0.hasPrefix("[count] number") } == numbers, "\(finished)")
        }
    }
}
