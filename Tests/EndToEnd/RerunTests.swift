import FoundationEssentials
import TestBed
import Testing

/// Finished jobs again, and fresh machines for them.
@Suite struct RerunTests {
    private static let manifest = """
        image: debian
        environment:
          COLOUR: blue
        tasks:
          - build: echo built >made
          - check: |
              cat made
              exit 3
          - publish: echo never

        """

    /// The job that a command has answered with: `job 57: queued`
    private func number(in finished: Finished) throws -> String {
        let match = try #require(finished.text.firstMatch(of: #/(?m)^job ([0-9]+): /#), "\(finished)")
        return String(match.1)
    }

    private func failedJob(_ testBed: TestBed) async throws -> String {
        let job = try await Operator(testBed: testBed).submit(Self.manifest)
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(120))
        await expect(log, status: 1, output: ["task check: exit 3"], in: testBed)
        return job
    }

    @Test func aFinishedJobRunsAgainAndFailsAgain() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await failedJob(testBed)
        try await testBed.endBuilder(of: job)
        let again = try await Command.run(
            testBed.ssh(["rerun", job, "--follow"]), deadline: .seconds(120))
        await expect(again, status: 1, output: ["[check] built\n", "task check: exit 3"], in: testBed)
        let match = try #require(again.errorText.firstMatch(of: #/Job ([0-9]+) is submitted/#), "\(again)")
        let new = String(match.1)
        let shown = try await Command.run(testBed.ssh(["show", new]))
        await expect(shown, status: 0, output: ["job \(job), which failed\n"], in: testBed)
        try await testBed.endBuilder(of: new)
    }

    @Test func aFreshMachineHasEverythingAndNothingWasRunThere() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await failedJob(testBed)
        try await testBed.endBuilder(of: job)
        let answer = try await Command.run(testBed.ssh(["rerun", job, "--fresh"]))
        await expect(answer, status: 0, in: testBed)
        let fresh = try number(in: answer)
        // It waits for the machine.
        let inside = try await Command.run(
            testBed.ssh([
                "connect", fresh,
                "ls; cat REPRODUCE; echo $COLOUR; ~/.tasks/build && ~/.tasks/check; echo status $?",
            ]), deadline: .seconds(120))
        let origin = "job \(job), which failed in task “check” with exit status 3"
        await expect(
            inside, status: 0,
            output: [
                "REPRODUCE\nThis is a fresh builder for \(origin).\nNothing has been run here.\n",
                "\n    ~/.tasks/build\n    ~/.tasks/check\n", "\nblue\n", "built\nstatus 3\n",
            ], in: testBed)
        let log = try await Command.run(testBed.ssh(["tail", fresh]))
        await expect(log, status: 0, output: ["as in job \(job), but nothing is run\n"], in: testBed)
        #expect(!log.text.contains("task check"), "\(log)")
        let shown = try await Command.run(testBed.ssh(["show", fresh]))
        await expect(shown, status: 0, output: ["fresh, for \(origin)\n", "skipped"], in: testBed)
        let listed = try await Command.run(testBed.ssh(["list"]))
        #expect(listed.text.contains(try Regex("(?m)^ *\(fresh) +fresh +kept ")), "\(listed)")
        // Whoever comes with their own ssh reads it there, too.
        let alice = try await Equipped.person(in: testBed)
        let own = try await alice.run(["ssh", alice.builder(fresh), "head -n 1 REPRODUCE"])
        await expect(own, status: 0, output: ["This is a fresh builder for \(origin).\n"], in: testBed)
        let shell = try await Command.start(
            testBed.ssh(["connect", fresh], options: ["-t"]), terminal: try PseudoTerminal(columns: 200)
        ) { shell in
            try await shell.output.wait(for: "$ ")
            try await shell.write("exit\n")
        }
        await expect(
            shell, status: 0,
            output: [
                "Job \(fresh): nothing was run, for it is a fresh builder for \(origin).\r\n",
                "To repeat it: ~/.tasks/build && ~/.tasks/check\r\n",
            ], in: testBed)
        try await testBed.endBuilder(of: fresh)
    }

    @Test func itIsForTheOwnerAlone() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        for words in [["rerun", job], ["rerun", job, "--fresh"]] {
            let refused = try await Command.run(testBed.ssh(words, as: "bob"))
            await expect(refused, status: 77, in: testBed)
        }
        for (words, sentence) in [
            (["--pool", "moon"], "There is no pool \"moon\"; there are: local"),
            (["--arch", "vax"], "No pool has the architecture vax; there are: local"),
            (["--image", "moon"], "There is no image \"moon\""),
        ] {
            let refused = try await Command.run(testBed.ssh(["rerun", job] + words))
            await expect(refused, status: 65, in: testBed)
            #expect(refused.errorText.contains(sentence), "\(refused)")
        }
    }
}
