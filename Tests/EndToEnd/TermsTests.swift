import FoundationEssentials
import TestBed
import Testing

/// Terms of use: everyone who enters a builder has accepted them.
@Suite struct TermsTests {
    private static let text = "Be kind to the builders.\nDo not mine anything.\n"

    @Test func whoHasNotAcceptedThemIsAskedAndRemembered() async throws {
        let testBed = try await SharedTestBed.get()
        let file = "\(testBed.folder)/terms.txt"
        _ = try await testBed.run(["tee", file], input: Self.text)
        try await OwnRunner.with(
            testBed, size: "60m", at: testBed.orphanedSocket, more: "terms = \"\(file)\""
        ) { runner in
            let submitted = try await runner.submit("image: debian\ntasks:\n  - a: exit 1\n")
            await expect(submitted, status: 0, in: testBed)
            try await runner.wait(for: "the builder is kept", in: "logs/1/log")

            // Looking is free.
            let shown = try await Command.run(testBed.ssh(["show", "1"], to: .orphaned))
            await expect(shown, status: 0, output: ["kept"], in: testBed)
            let refused = try await Command.run(
                testBed.ssh(["connect", "1", "true"], to: .orphaned), input: Array("yes\n".utf8))
            await expect(refused, status: 77, errors: ["accept-terms"], in: testBed)
            #expect(refused.output.isEmpty)

            let no = try await answer("maybe\n", testBed)
            await expect(
                no, status: 77, output: ["Do not mine anything.", "have not been accepted"], in: testBed)
            let yes = try await answer("yes\n", testBed)
            await expect(yes, status: 5, output: ["Be kind to the builders."], in: testBed)
            let next = try await Command.run(testBed.ssh(["connect", "1", "exit 6"], to: .orphaned))
            await expect(next, status: 6, in: testBed)

            // A new version must be accepted again; the old one is not forgotten.
            try await runner.kill()
            _ = try await testBed.run(["tee", file], input: Self.text + "And log out.\n")
            try await runner.start()
            let anew = try await Command.run(testBed.ssh(["connect", "1", "true"], to: .orphaned))
            await expect(anew, status: 77, errors: ["accept-terms"], in: testBed)
            let accepted = try await Command.run(
                testBed.ssh(["accept-terms"], to: .orphaned), input: Array("yes\n".utf8))
            await expect(accepted, status: 0, errors: ["And log out.", "Thank you."], in: testBed)
            let inside = try await Command.run(testBed.ssh(["connect", "1", "exit 7"], to: .orphaned))
            await expect(inside, status: 7, in: testBed)
        }
    }

    /// A person at a terminal who wants to enter.
    private func answer(_ line: String, _ testBed: TestBed) async throws -> Finished {
        try await Command.start(
            testBed.ssh(["connect", "1", "exit 5"], to: .orphaned, options: ["-t"]),
            terminal: try PseudoTerminal()
        ) { command in
            try await command.output.wait(for: "to accept these terms of use:")
            try await command.write(line)
        }
    }
}
