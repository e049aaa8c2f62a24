import Subprocess
import TestBed
import Testing

/// `connect` to a job in each of its states.
@Suite struct StatesTests {
    /// One with a terminal and one without see the same job from the queue to its end, and are let in.
    @Test func aQueuedJobIsWaitedForUntilItFails() async throws {
        let testBed = try await SharedTestBed.get()
        // Two machines boot at once; the third job waits for that.
        for _ in 0..<2 {
            _ = try await Operator(testBed: testBed).submit("image: debian\ntasks:\n  - done: true\n")
        }
        let job = try await Operator(testBed: testBed).submit(
            """
            image: debian
            tasks:
              - work: |
                  echo 'the work begins'
                  sleep 2
                  exit 3

            """)
        async let piped = Command.run(testBed.ssh(["connect", job, "echo inside"]), deadline: .seconds(120))
        async let shown = Command.start(
            testBed.ssh(["connect", job, "echo inside"], options: ["-t"]), terminal: try PseudoTerminal(),
            deadline: .seconds(120)
        ) { _ in }
        let (pipe, terminal) = try await (piped, shown)

        await expect(pipe, status: 0, in: testBed)
        #expect(pipe.text == "inside\n", "\(pipe)")
        expectInOrder(
            pipe.errorText,
            [
                "sallyport: Job \(job) is queued. Waiting for a builder.\n",
                "sallyport: The builder of job \(job) is booting.\n",
                "sallyport: Job \(job) is still running.", "[work] the work begins\n", "task work: exit 3\n",
            ])

        await expect(terminal, status: 0, in: testBed)
        expectInOrder(
            terminal.text,
            [
                "sallyport: Job \(job) is queued. Waiting for a builder. (0 s)",
                "\r\u{1b}[Ksallyport: The builder of job \(job) is booting. (0 s)",
                "\r\u{1b}[Ksallyport: The builder of job \(job) is booting. (2 s)",
                "\r\u{1b}[Ksallyport: Job \(job) is still running.", "[work] the work begins\r\n",
                "inside\r\n",
            ])
        #expect(!terminal.text.contains("s)\r\n"), "all in one line: \(terminal)")
        try await testBed.endBuilder(of: job)
    }

    /// By Ctrl-C, and by death: no claim was made, and the build continues.
    @Test func whoLeavesWhileABuilderBootsHarmsNothing() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            "image: debian\ntasks:\n  - work: echo worked\n")
        async let interrupted = Command.start(
            testBed.ssh(["connect", job], options: ["-t"]), terminal: try PseudoTerminal()
        ) { client in
            try await client.output.wait(for: "is booting. (1 s)")
            try await client.write([3])
        }
        async let killed = Command.start(testBed.ssh(["connect", job, "true"])) { client in
            try await client.errors.wait(for: "is booting")
            client.send(.kill)
        }
        await expect(try await interrupted, status: 130, in: testBed)
        #expect(try await killed.status == 137)
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(90))
        await expect(log, status: 0, output: ["[work] worked\n"], in: testBed)
        #expect(try await testBed.audit(of: job).isEmpty)
    }

    /// A waiting session holds the builder, so that it cannot end between the failure and the entry.
    @Test func aRunningJobIsClaimedByAPersonWhoWaitsAndEnteredByOneWhoWillNot() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(Self.untilTold("exit 4"))
        let waiting = try await Command.start(
            testBed.ssh(["connect", job, "echo waited"]), deadline: .seconds(90)
        ) { client in
            try await client.errors.wait(for: "[wait] begun")
            try await expectSession(of: job, in: testBed)
            let entering = try await Command.run(
                testBed.ssh(["connect", "--now", job, "touch /tmp/go; echo at once"]))
            await expect(entering, status: 0, in: testBed)
            #expect(entering.text == "at once\n", "\(entering)")
        }
        await expect(waiting, status: 0, errors: ["task wait: exit 4"], in: testBed)
        #expect(waiting.text == "waited\n", "\(waiting)")
        #expect(try await Operator(testBed: testBed).job(job).status == "failed")
        try await testBed.endBuilder(of: job)
    }

    /// It keeps no builder, except for sessions that wait.
    @Test func aJobThatSucceedsIsEnteredByAPersonWhoWaited() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(Self.untilTold("true"))
        let waiting = try await Command.start(
            testBed.ssh(["connect", job]), deadline: .seconds(90)
        ) { client in
            try await client.errors.wait(for: "[wait] begun")
            let told = try await Command.run(testBed.ssh(["connect", "--now", job, "touch /tmp/go"]))
            await expect(told, status: 0, in: testBed)
            try await client.write("echo it was a success; exit 5\n")
        }
        await expect(waiting, status: 5, output: ["it was a success\n"], in: testBed)
        let released = try await Command.run(testBed.ssh(["release", job, "--yes"]))
        await expect(released, status: 0, in: testBed)
        try await expectNoBuilder(of: job, in: testBed)
        let late = try await Command.run(testBed.ssh(["connect", job, "true"]))
        await expect(
            late, status: 69,
            errors: ["Job \(job) succeeded at 20", "its builder is gone", "tail \(job)"], in: testBed)
    }

    @Test func aJobThatAsksForItIsKeptAfterItsSuccess() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            "image: debian\nshell: true\ntasks:\n  - make: echo made >result\n")
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(90))
        await expect(log, status: 0, output: ["the builder is kept until"], in: testBed)
        let entered = try await Command.run(testBed.ssh(["connect", job, "cat result"]))
        await expect(entered, status: 0, output: ["made\n"], in: testBed)
        try await testBed.endBuilder(of: job)
    }

    @Test func aJobThatRunsOutOfTimeKeepsNothing() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            "image: debian\ntimeout: 20\ntasks:\n  - rest: sleep 1000\n")
        let waiting = try await Command.run(testBed.ssh(["connect", job, "true"]), deadline: .seconds(90))
        await expect(
            waiting, status: 69, errors: ["timeout: the tasks", "Job \(job) ran out of time at 20"],
            in: testBed
        )
        #expect(waiting.output.isEmpty, "\(waiting)")
        try await expectNoBuilder(of: job, in: testBed)
    }

    /// A job whose task waits until someone inside makes /tmp/go, and then runs the command.
    private static func untilTold(_ command: String) -> String {
        """
        image: debian
        tasks:
          - wait: |
              echo begun
              until [ -e /tmp/go ]; do sleep 0.1; done
              \(command)

        """
    }
}
