import CLinux
import Glibc
import TestBed
import Testing

/// `connect` with a terminal, under a real one.
@Suite struct TerminalTests {
    @Test func theWindowsSizeAndItsChangesArrive() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let terminal = try PseudoTerminal(rows: 31, columns: 97)
        let finished = try await Command.start(
            testBed.ssh(["connect", job, "bash", "--norc"], options: ["-t"]), terminal: terminal
        ) { shell in
            try await shell.write("stty size\n")
            try await shell.output.wait(for: "31 97")
            try terminal.resize(rows: 50, columns: 132)
            // The change travels on its own; ask until it has arrived.
            try await shell.write("until stty size | grep '^50 1''32'; do sleep 0.1; done\n")
            try await shell.output.wait(for: "50 132")
            try await shell.write("exit 4\n")
        }
        await expect(finished, status: 4, in: testBed)
        #expect(terminal.isCooked)
    }

    /// An editor that draws the whole screen redraws it.
    @Test func anEditorFollowsTheWindow() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let terminal = try PseudoTerminal(rows: 31, columns: 97)
        let finished = try await Command.start(
            testBed.ssh(["connect", job, "vim -u NONE -N"], options: ["-t"]), terminal: terminal
        ) { editor in
            // Every line behind the end of the file begins with a tilde; the last one stands above the command line.
            try await editor.output.wait(for: "\u{1b}[30;1H")
            try terminal.resize(rows: 50, columns: 132)
            try await editor.output.wait(for: "\u{1b}[49;1H")
            try await editor.write(":q!\r")
        }
        await expect(finished, status: 0, output: ["\u{1b}[?1049h", "\u{1b}[?1049l"], in: testBed)
        #expect(terminal.isCooked)
    }

    @Test func controlCReachesTheRemoteProcess() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let finished = try await Command.start(
            testBed.ssh(
                ["connect", job, #"trap 'echo cau""ght; exit 9' INT; echo ready; sleep 60 & wait"#],
                options: ["-t"]),
            terminal: try PseudoTerminal()
        ) { shell in
            try await shell.output.wait(for: "ready")
            try await shell.write([3])
        }
        await expect(finished, status: 9, output: ["caught"], in: testBed)
    }

    /// Also after the question that follows a logout; no answer keeps the machine.
    @Test func aShellsExitStatusIsOurs() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let terminal = try PseudoTerminal()
        let finished = try await Command.start(
            testBed.ssh(["connect", job], options: ["-t"]), terminal: terminal, deadline: .seconds(90)
        ) { shell in
            try await shell.output.wait(for: "$ ")
            try await shell.write("exit 7\n")
        }
        await expect(
            finished, status: 7, output: ["End the machine of job \(job) now? Otherwise it ends at "],
            in: testBed)
        #expect(terminal.isCooked)
        let after = try await Command.run(testBed.ssh(["connect", job, "echo still there"]))
        await expect(after, status: 0, output: ["still there\n"], in: testBed)
        try await expectNobodyOnTheGateway(in: testBed)
    }

    /// What is typed as soon as the person's ssh passes it on, before the gateway or the builder can have begun to read, meets the person's own modes.
    @Test func modesHoldBeforeTheFirstByte() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let terminal = try PseudoTerminal()
        try terminal.setModes { modes in
            modes.c_iflag |= tcflag_t(IUTF8)
            modes.c_iflag &= ~tcflag_t(IXON)
            withUnsafeMutableBytes(of: &modes.c_cc) { characters in
                characters[Int(VERASE)] = 8
                characters[Int(VSUSP)] = 0
                characters[Int(VKILL)] = UInt8(ascii: "@")
            }
        }
        let finished = try await Command.start(
            testBed.ssh(
                ["connect", job, "stty -a; cat >typed; od -An -c typed; echo [$SALLYPORT_STTY]"],
                options: ["-t"]),
            terminal: terminal
        ) { command in
            try await terminal.waitUntilRaw()
            try await command.write("ä\u{8}x\u{11}y\u{1a}\rno@\r\u{4}")
        }
        await expect(
            finished, status: 0,
            output: [
                "erase = ^H", "kill = @", "susp = <undef>", "-ixon", " iutf8", #"   x 021   y 032  \n  \n"#,
                "[]\r\n",
            ], in: testBed)
        #expect(
            !finished.text.contains("]sallyport"), "the marker of a terminal that is ready is not shown"
        )
    }

    /// A mode that nothing has changed needs nothing, and end of input is no NUL.
    @Test func aTerminalLikeTheBuildersGetsEverythingTypedEarly() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let terminal = try PseudoTerminal()
        let finished = try await Command.start(
            testBed.ssh(["connect", job, "cat >typed; od -An -c typed"], options: ["-t"]),
            terminal: terminal
        ) { command in
            try await terminal.waitUntilRaw()
            try await command.write("one\rtwo\r\u{4}")
        }
        await expect(finished, status: 0, output: [#"   o   n   e  \n   t   w   o  \n"#], in: testBed)
    }

    /// Whatever a program leaves switched on is switched off, however it ends, and the next text begins a line.
    @Test(arguments: [
        (
            #"printf '\033[?1049h\033[?1003h\033[?25lhi'; kill -9 $$"#, 137,
            "hi\u{1b}[?1003l\u{1b}[?25h\u{1b}[?1049l\r\n"
        ),
        (#"printf '\033[?2004h\033[1mabc'; exit 3"#, 3, "abc\u{1b}[?2004l\u{1b}[0m\r\n"),
        (#"printf 'abc\n'"#, 0, "abc\r\n"),
    ]) func theTerminalIsGivenBack(command: String, status: Int32, end: String) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let terminal = try PseudoTerminal()
        let finished = try await Command.start(
            testBed.ssh(["connect", job, command], options: ["-t", "-q"]), terminal: terminal
        ) { _ in }
        await expect(finished, status: status, output: [end], in: testBed)
        #expect(finished.text.hasSuffix(end))
        #expect(terminal.isCooked)
    }

    @Test func guardedGatewaysGiveTerminalsToo() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let finished = try await Command.start(
            testBed.ssh(["connect", job, "tty; exit 2"], to: .guarded, options: ["-t"]),
            terminal: try PseudoTerminal()
        ) { _ in }
        await expect(finished, status: 2, output: ["/dev/pts/"], in: testBed)
    }
}
