import Subprocess
import TestBed
import Testing

/// Every way in which a session can die: what the person sees, the exit status, why the claim ended, and that nothing
/// is left.
@Suite struct DeathsTests {
    struct Death: Sendable, CustomTestStringConvertible {
        let name: String
        /// Whether the person has a terminal.
        var hasTerminal = false
        /// Whether the job's builder dies too; it is another one's then.
        var endsBuilder = false
        /// As ssh reports it: 255 is its own, when nobody is left to tell it.
        let status: Int32
        /// What the person is told.
        var sentence: String?
        /// How the runner's log ends the session; where the builder is gone it depends on who notices first.
        var end = "ended, lost"
        /// Lets it happen; returns when it has.
        let strike: @Sendable (TestBed, _ job: String, RunningCommand) async throws -> Void
        /// Afterwards.
        var mend: (@Sendable (TestBed, _ job: String) async throws -> Void)?

        var testDescription: String { name }
    }

    static let all: [Death] = [
        // The client.
        Death(name: "the client is killed", status: 137, strike: { $2.send(.kill) }),
        Death(
            name: "the client is killed, with a terminal", hasTerminal: true, status: 137,
            strike: { $2.send(.kill) }),
        Death(
            name: "the client's terminal is closed", hasTerminal: true, status: 255,
            strike: { $2.send(.terminalClosed) }),
        Death(
            name: "the client's network is gone", status: 137,
            strike: { testBed, _, client in
                // For all that sshd can see: nothing answers any more.
                client.send(.suspend)
                try await expectNobodyOnTheGateway(in: testBed)
                client.send(.kill)
            }),
        // The gateway.
        Death(
            name: "sshd's session is killed", status: 255,
            strike: { testBed, _, _ in try await testBed.killSessionsOfSshd() }
        ),
        Death(
            name: "the forced command is killed", status: 255, end: "its lease has run out",
            strike: { testBed, _, _ in try await testBed.signalForcedCommands("KILL") }),
        Death(
            name: "the forced command is told to hang up", status: 129,
            strike: { testBed, _, _ in try await testBed.signalForcedCommands("HUP") }),
        Death(
            name: "the forced command is told to end", status: 143,
            sentence: "The gateway has ended this session.",
            strike: { testBed, _, _ in try await testBed.signalForcedCommands("TERM") }),
        Death(
            name: "the person's key is removed", status: 77,
            // The lookup and the heartbeat find out at the same time: the key is unknown, or the job is closed.
            sentence: "This session has ended:",
            strike: { testBed, _, _ in
                let removed = try await Operator(testBed: testBed).removeKey(of: "alice")
                await expect(removed, status: 0, in: testBed)
            }, mend: { testBed, _ in _ = try await Operator(testBed: testBed).addKey(of: "alice") }),
        Death(
            name: "the person is suspended", status: 77,
            sentence: "Your account at the build service is suspended. This session has ended.",
            strike: { testBed, _, _ in
                let suspended = try await testBed.sallyport(["people", "suspend", "alice"])
                await expect(suspended, status: 0, in: testBed)
            }, mend: { testBed, _ in _ = try await testBed.sallyport(["people", "resume", "alice"]) }),
        // The builder.
        Death(
            name: "the builder is killed", endsBuilder: true, status: 69,
            sentence: "The connection to the builder was lost.", end: "",
            strike: { testBed, job, _ in try await testBed.signalBuilder(of: job, "KILL") }),
        Death(
            name: "the builder is frozen", status: 69, sentence: "The connection to the builder was lost.",
            strike: { testBed, job, _ in try await testBed.signalBuilder(of: job, "STOP") },
            mend: { testBed, job in try await testBed.signalBuilder(of: job, "CONT") }),
        Death(
            name: "the builder's link is down", status: 69,
            sentence: "The connection to the builder was lost.",
            strike: { testBed, job, _ in try await testBed.setLink(of: job, up: false) },
            mend: { testBed, job in try await testBed.setLink(of: job, up: true) }),
        Death(
            name: "the builder's SSH server gives the session up", status: 69,
            sentence: "The connection to the builder was lost.",
            strike: { testBed, job, client in try await client.write("kill -KILL $(cat /tmp/server)\n") }),
        Death(
            name: "the remote command is killed", status: 137, end: "ended, done",
            strike: { testBed, job, client in try await client.write("kill -KILL $$\n") }),
        Death(
            name: "the builder ends with its deadline", endsBuilder: true, status: 69,
            sentence: "The connection to the builder was lost.", end: "",
            strike: { testBed, job, client in
                try await client.write(
                    "sudo sh -c 'echo 1 >/proc/sys/kernel/sysrq; echo o >/proc/sysrq-trigger'\n")
            }
        ),
    ]

    @Test(arguments: all) func nothingIsLeft(death: Death) async throws {
        let testBed = try await SharedTestBed.get()
        let job =
            death.endsBuilder
            ? try await SharedJobs.freshWreck(testBed)
            : try await SharedJobs.wreck(testBed)
        let before = try await testBed.audit(of: job).count
        // A shell that reads its commands from us, and says who its server is: sshd's process for this connection.
        let words = ["connect", job, "echo $PPID >/tmp/server; echo ready; sh"]
        let body: @Sendable (RunningCommand) async throws -> Void = { client in
            try await client.output.wait(for: "ready")
            try await death.strike(testBed, job, client)
            await client.output.waitForEnd()
        }
        let finished: Finished
        do {
            finished =
                death.hasTerminal
                ? try await Command.start(
                    testBed.ssh(words, options: ["-t"]), terminal: try PseudoTerminal(),
                    deadline: .seconds(90),
                    body: body)
                : try await Command.start(testBed.ssh(words), deadline: .seconds(90), body: body)
        } catch {
            try await death.mend?(testBed, job)
            throw error
        }
        try await death.mend?(testBed, job)

        let errors = death.sentence.map { ["sallyport: \($0)"] } ?? []
        await expect(finished, status: death.status, errors: errors, in: testBed)
        let said = finished.errorText.split(separator: "\n").filter { $0.hasPrefix("sallyport: ") }
        #expect(said.count <= 1, "\(finished)")
        try await expectNobodyOnTheGateway(in: testBed)
        try await expectNoSession(of: job, in: testBed)
        let audit = try await testBed.audit(of: job).dropFirst(before)
        #expect(audit.count >= 2 && audit.contains { $0.hasSuffix(death.end) }, "\(audit)")
        // The survivor releases the claim, if there is one.
        if death.sentence == nil, death.end == "ended, lost" {
            #expect(!audit.contains { $0.contains("lease") }, "\(audit)")
        }
        if death.endsBuilder {
            try await expectNoBuilder(of: job, in: testBed)
            let late = try await Command.run(testBed.ssh(["connect", job, "true"]))
            await expect(
                late, status: 69, errors: ["Job \(job) failed at 20", "its builder is gone", "tail \(job)"],
                in: testBed)
        } else {
            let builder = try await Operator(testBed: testBed).job(job).builder
            #expect(builder != nil, "nothing of that ends a builder")
        }
    }

    /// In the middle of what the builder writes: `ssh … | head`.
    @Test func aClientThatStopsReadingLeavesNoClaim() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let before = try await testBed.audit(of: job).count
        let rounds = 4
        for _ in 0..<rounds {
            let finished = try await Command.run(
                ["bash", "-c", "\"$@\" | head -c 100000", "bash"]
                    + testBed.ssh(["connect", job, "yes"], options: ["-n"]))
            #expect(finished.output.count == 100_000, "\(finished)")
            try await expectNobodyOnTheGateway(in: testBed)
        }
        try await expectNoSession(of: job, in: testBed)
        let ends = try await testBed.audit(of: job).dropFirst(before).filter { !$0.contains(" from ") }
        #expect(ends.count == rounds && ends.allSatisfy { $0.hasSuffix("ended, lost") }, "\(ends)")
    }
}
