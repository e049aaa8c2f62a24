import Foundation
import TestBed
import Testing

/// Recordings of terminal sessions, which asciinema plays.
@Suite struct RecordingTests {
    @Test("what a terminal shows is recorded, said before, and found again by the audit")
    func recorded() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.freshWreck(testBed)
        let terminal = try PseudoTerminal(columns: 90)
        let shell = try await Command.start(
            testBed.ssh(["connect", job], to: .recorded, options: ["-t"]), terminal: terminal
        ) { shell in
            try await shell.output.wait(for: "$ ")
            try await shell.write("echo $((6 * 7)) \u{e9}\n")
            try await shell.output.wait(for: "42")
            try await shell.write("exit 3\n")
            await shell.output.waitForEnd()
        }
        await expect(
            shell, status: 3,
            output: ["sallyport: This session is recorded: everything that it shows, and when.\r\n"],
            in: testBed)
        let played = try await testBed.run(
            [
                "/bin/bash", "-euc",
                """
                "$1" audit --job "$2" --json | jq -r 'select(.event == "exit") | .recording // empty' >"$3/hash"
                file=$(ls "$3"/*.cast)
                sha256sum "$file" | grep -qf "$3/hash" && echo same
                head -n1 "$file" | jq -c '[.version, .width, .title]'
                # It wants a terminal.
                LC_ALL=C.UTF-8 script -qec "asciinema cat $file" /dev/null
                """, "bash", "\(Repository.programs)/sallyport", job, "\(testBed.folder)/machine/recordings",
            ])
        await expect(
            played, status: 0, output: ["same\n", "[2,90,\"job \(job), alice\"]", "echo $((6 * 7))", "42"],
            in: testBed)
        try await others(job, testBed)
        try await testBed.endBuilder(of: job)
    }

    /// What cannot be recorded is refused.
    private func others(_ job: String, _ testBed: TestBed) async throws {
        let command = try await Command.run(testBed.ssh(["connect", job, "id"], to: .recorded))
        await expect(
            command, status: 77,
            errors: [
                "Sessions in the machine of job \(job) are recorded, and one without a terminal cannot be."
            ],
            in: testBed)
        let proxied = try await Command.run(testBed.ssh(["proxy", job], to: .recorded))
        await expect(
            proxied, status: 77,
            errors: [
                "are recorded, and what your own ssh carries cannot be. Enter it with a terminal: ssh -t -p "
            ],
            in: testBed)
        let terminal = try PseudoTerminal(columns: 90)
        let flood = try await Command.start(
            testBed.ssh(
                ["connect", job, "head -c 300000 /dev/zero | tr '\\0' x"], to: .recorded, options: ["-t"]),
            terminal: terminal
        ) { flood in await flood.output.waitForEnd() }
        await expect(
            flood, status: 75,
            output: ["This session has ended, because its recording is as large as one can be."], in: testBed)
    }
}
