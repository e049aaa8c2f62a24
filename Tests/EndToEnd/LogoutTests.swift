import TestBed
import Testing

/// What ends a builder with `logout = "end"`, on hosts that want every machine back: only its owner, who leaves the last
/// shell on a terminal.
@Suite struct LogoutTests {
    @Test func onlyItsOwnerLogsOutOfABuilder() async throws {
        let testBed = try await SharedTestBed.get()
        try await OwnRunner.with(
            testBed, size: "40m", at: testBed.orphanedSocket, more: "logout = \"end\""
        ) { runner in
            let submitted = try await runner.submit("image: debian\ntasks:\n  - check: exit 1\n")
            await expect(submitted, status: 0, in: testBed)
            try await runner.wait(for: "the builder is kept", in: "logs/1/log")
            let added = try await runner.sallyport(["keys", "add", "bob", "\(testBed.client)/bob.pub"])
            await expect(added, status: 0, in: testBed)
            let shared = try await Command.run(testBed.ssh(["share", "1", "bob"], to: .orphaned))
            await expect(shared, status: 0, in: testBed)

            // None of these is a logout.
            let script = try await Command.run(
                testBed.ssh(["connect", "1"], to: .orphaned), input: Array("echo run; exit 4\n".utf8))
            await expect(script, status: 4, output: ["run\n"], in: testBed)
            let nothing = try await Command.run(
                testBed.ssh(["connect", "1"], to: .orphaned, options: ["-n"]))
            await expect(nothing, status: 0, in: testBed)
            let guest = try await shell(as: "bob", testBed) { try await $0.write("exit 5\n") }
            await expect(guest, status: 5, output: ["sallyport: The builder ends in "], in: testBed)
            #expect(!guest.text.contains("when you log out") && !guest.text.contains("hold"))
            let silent = try await shell(testBed) { try await $0.write("TMOUT=16\n") }
            #expect(silent.text.contains("auto-logout"), "\(silent)")
            let show = try await Command.run(testBed.ssh(["show", "1"], to: .orphaned))
            await expect(show, status: 0, output: ["builder    kept"], in: testBed)

            let owner = try await shell(testBed) { try await $0.write("exit 6\n") }
            await expect(owner, status: 6, output: [" hold 1\r\n"], in: testBed)
            // Of its 15 minutes one can have passed.
            let time = #/sallyport: The builder ends when you log out, or in 1[45] minutes; to keep it: ssh /#
            #expect(owner.text.contains(time), "\(owner)")
            #expect(!owner.text.contains("[y/N]"))
            try await runner.waitUntilNoBuilder(seconds: 10)
            let over = try await Command.run(testBed.ssh(["show", "1"], to: .orphaned))
            await expect(over, status: 0, output: ["gone: the last shell logged out"], in: testBed)
        }
    }

    private func shell(
        as person: String? = nil, _ testBed: TestBed, _ body: @Sendable (RunningCommand) async throws -> Void
    ) async throws -> Finished {
        try await Command.start(
            testBed.ssh(["connect", "1"], to: .orphaned, as: person, options: ["-t"]),
            terminal: try PseudoTerminal(columns: 200), deadline: .seconds(60)
        ) { client in
            try await client.output.wait(for: "$ ")
            try await body(client)
        }
    }
}
