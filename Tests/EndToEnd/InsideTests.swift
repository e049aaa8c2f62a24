import TestBed
import Testing

/// What people inside a builder are told on their terminal.
@Suite struct InsideTests {
    @Test func whoComesInReadsWhatFailedAndRepeatsItByThatLine() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await failedJob(
            testBed,
            """
            image: debian
            environment:
              COLOUR: blue
            tasks:
              - make: echo made >result
              - check: |
                  echo "checked in $COLOUR: $(cat result) in $PWD"
                  exit 3
              - publish: "true"

            """)
        let finished = try await Command.start(
            testBed.ssh(["connect", job], options: ["-t"]), terminal: try PseudoTerminal(columns: 200)
        ) { shell in
            try await shell.output.wait(for: "$ ")
            let text = await shell.output.text
            let line = try #require(text.firstMatch(of: #/To repeat the failed task: (.+)\r\n/#)).1
            try await shell.write("\(line); echo status=$?\n")
            try await shell.output.wait(for: "status=3")
            try await shell.write("exit\n")
            try await shell.output.wait(for: "[y/N] ")
            try await shell.write("n\n")
        }
        await expect(
            finished, status: 0, output: ["\r\nchecked in blue: made in /home/build\r\n"], in: testBed)
        expectInOrder(
            finished.text,
            [
                "sallyport: Job \(job): failed, task “check” ended with exit status 3.\r\n",
                "sallyport: The builder ends in ",
                "\r\nsallyport: To repeat the failed task: ~/.tasks/check\r\n",
                "build@builder:~$ ",
            ])
    }

    /// And what runs in tmux goes on after the session has ended.
    @Test func whoComesInReadsThatMemoryRanOutAndWorksInTmux() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            """
            image: debian
            tasks:
              - eat: |
                  tail /dev/zero || exit 2

            """)
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(120))
        await expect(
            log, status: 1,
            output: [
                "task eat: the builder ran out of memory (256 MiB), and the kernel killed processes\n",
                "task eat: exit 2\n",
            ], in: testBed)
        let reason = "exit status 2: the builder ran out of memory"
        let shown = try await Command.run(testBed.ssh(["show", job]))
        await expect(shown, status: 0, output: ["\(reason)\n"], in: testBed)
        let json = try await Command.run(testBed.ssh(["show", job, "--json"]))
        await expect(json, status: 0, output: [#""shortage""#, #""memory""#], in: testBed)

        let finished = try await Command.start(
            testBed.ssh(["connect", job], options: ["-t"]), terminal: try PseudoTerminal(columns: 200)
        ) { shell in
            try await shell.output.wait(for: "$ ")
            try await shell.write("tmux new-session -s work\n")
            try await shell.output.wait(for: "[work]")
            try await shell.write("echo \"$TERM\" $((6 * 7)) é\n")
            try await shell.output.wait(for: "tmux-256color 42 é")
            // The keys that detach it.
            try await shell.write("\u{2}d")
            try await shell.output.wait(for: "[detached")
            // This is not a logout, so the builder is kept.
            try await shell.write("kill -KILL $$\n")
        }
        #expect(
            finished.text.contains("Job \(job): failed, task “eat” ended with \(reason).\r\n"), "\(finished)")
        let later = try await Command.run(
            testBed.ssh(["connect", job, "tmux list-sessions; tmux capture-pane -p -t work"]))
        await expect(later, status: 0, output: ["work: 1 windows", "tmux-256color 42 é\n"], in: testBed)
        try await testBed.endBuilder(of: job)
    }

    @Test func aCommandIsNotGreeted() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let finished = try await Command.start(
            testBed.ssh(["connect", job, "echo inside"], options: ["-t"]), terminal: try PseudoTerminal()
        ) { _ in }
        await expect(finished, status: 0, in: testBed)
        #expect(finished.text.hasPrefix("inside\r\n"), "\(finished)")
        #expect(!finished.text.contains("sallyport: "), "\(finished)")
    }

    /// One is told at once; one has an editor open, as it were, and is told when it is closed.
    @Test func whoEntersAndLeavesIsAnnouncedButNotInTheMiddleOfAnEditor() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.freshWreck(testBed)
        let line = testBed.ssh(["connect", job], options: ["-t"])
        let first = try await Command.start(
            line, terminal: try PseudoTerminal(columns: 200), deadline: .seconds(120)
        ) { first in
            try await first.output.wait(for: "$ ")
            let second = try await Command.start(
                line, terminal: try PseudoTerminal(columns: 200), deadline: .seconds(90)
            ) { second in
                try await second.output.wait(for: "sallyport: Also inside: alice.\r\n")
                try await second.output.wait(for: "$ ")
                try await first.output.wait(for: "sallyport: alice (you) has entered.\r\n")
                try await second.write(#"printf '\033[?1049h'; read line; printf '\033[?1049l'"# + "\n")
                try await second.output.wait(for: "\u{1b}[?1049h")
                let third = try await Command.start(line, terminal: try PseudoTerminal()) { third in
                    try await third.output.wait(for: "$ ")
                    try await third.write("exit\n")
                }
                await expect(third, status: 0, in: testBed)
                // Everybody is told at the same moment.
                try await first.output.wait(for: "sallyport: alice (you) has left.\r\n")
                try await second.write("\n")
                try await second.output.wait(for: "sallyport: alice (you) has left.\r\n")
                try await second.write("exit\n")
            }
            await expect(second, status: 0, in: testBed)
            #expect(!second.text.contains("[y/N]"), "someone is still inside")
            expectInOrder(
                second.text,
                [
                    "\u{1b}[?1049h", "\u{1b}[?1049l", "sallyport: alice (you) has entered.\r\n",
                    "sallyport: alice (you) has left.\r\n",
                ])
            let during = second.text.split(separator: "\u{1b}[?1049h")[1].split(separator: "\u{1b}[?1049l")[0]
            #expect(!during.contains("sallyport: "), "\(during)")
            try await first.output.wait(for: "two have left") { bytes in
                String(decoding: bytes, as: UTF8.self).split(separator: "has left.").count == 3
            }
            try await first.write("exit\n")
            try await first.output.wait(for: "End the machine of job \(job) now? Otherwise it ends at ")
            try await first.write("y\n")
        }
        await expect(
            first, status: 0, output: ["\r\nsallyport: The machine of job \(job) ends now.\r\n"], in: testBed)
        try await expectNoBuilder(of: job, in: testBed)
    }

    /// Input after the warning starts the idle time again.
    @Test func aSessionInWhichNothingHappensIsWarnedAndClosed() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let before = try await testBed.audit(of: job).count
        let terminal = try PseudoTerminal()
        let warning = "This session is idle and will be closed in 4 seconds. Press a key to keep it."
        let finished = try await Command.start(
            testBed.ssh(
                ["connect", job, #"printf '\033[?1049h'; exec cat"#], to: .impatient, options: ["-t"]),
            terminal: terminal
        ) { client in
            try await client.output.wait(for: warning)
            try await client.write("still here\n")
            try await client.output.wait(for: "a second warning") { bytes in
                String(decoding: bytes, as: UTF8.self).split(separator: warning).count == 3
            }
        }
        await expect(finished, status: 75, in: testBed)
        expectInOrder(
            finished.text,
            [
                "\u{1b}[?1049h", warning, "still here", warning, "\u{1b}[?1049l",
                "\r\nsallyport: This session was closed after 8 seconds without input or output.",
            ])
        #expect(terminal.isCooked)
        try await expectNoSession(of: job, in: testBed)
        let audit = try await testBed.audit(of: job).dropFirst(before)
        #expect(audit.last?.hasSuffix("ended, lost") == true, "\(audit)")
        #expect(try await Operator(testBed: testBed).job(job).builder != nil)
    }

    /// A build can be silent for a long time.
    @Test func withoutATerminalNobodyIsTooIdle() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let finished = try await Command.run(
            testBed.ssh(["connect", job, "sleep 10; echo done"], to: .impatient))
        await expect(finished, status: 0, output: ["done\n"], in: testBed)
        #expect(finished.errorText.isEmpty, "\(finished)")
    }

    /// With a terminal, which is theirs again, and without one.
    @Test func aPersonInsideReadsThatTheBuilderHasEnded() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            "image: debian\ntasks:\n  - wait: sleep 1000\n")
        let terminal = try PseudoTerminal()
        async let editing = Command.start(
            testBed.ssh(
                ["connect", "--now", job, #"printf '\033[?1049h'; touch /tmp/editing; sleep 1000"#],
                options: ["-t"]),
            terminal: terminal, deadline: .seconds(90)
        ) { await $0.output.waitForEnd() }
        async let piped = Command.start(
            testBed.ssh([
                "connect", "--now", job,
                "until [ -e /tmp/editing ]; do sleep 0.1; done; echo ready; sleep 1000",
            ]), deadline: .seconds(90)
        ) { client in
            try await client.output.wait(for: "ready")
            try await testBed.cancel(job)
        }
        let (shown, plain) = try await (editing, piped)
        await expect(shown, status: 69, in: testBed)
        expectInOrder(
            shown.text,
            ["\u{1b}[?1049h", "\u{1b}[?1049l", "\r\nsallyport: ", "has ended: the job was cancelled."])
        #expect(terminal.isCooked)
        await expect(
            plain, status: 69, errors: ["sallyport: ", "has ended: the job was cancelled."], in: testBed)
        try await expectNobodyOnTheGateway(in: testBed)
    }

    /// The builder is a real one; what is said of it is made up.
    @Test func whatTheServiceAnnouncesIsTold() async throws {
        let testBed = try await SharedTestBed.get()
        let number = try await SharedJobs.wreck(testBed)
        let builder = try #require(try await Operator(testBed: testBed).job(number).builder)
        let job = AnnouncedJob(
            number: number, endpoint: try #require(builder.endpoint), hostKey: builder.hostKeys[0])
        try await ScriptedService.serving(in: testBed) {
            job.answer($0)
        } _: {
            let terminal = try PseudoTerminal(columns: 200)
            let finished = try await Command.start(
                testBed.ssh(["connect", number], to: .orphaned, options: ["-t"]), terminal: terminal,
                deadline: .seconds(90)
            ) { shell in
                try await shell.output.wait(
                    for: "sallyport: The deadline has moved. The builder ends in 1 minute")
                try await shell.output.wait(for: "sallyport: bob has entered.\r\n")
                try await shell.write(#"printf '\033[?1049h'"# + "\n")
                try await shell.output.wait(for: "\u{1b}[?1049h")
                try await shell.output.wait(for: "the notice of the last minute") { bytes in
                    String(decoding: bytes, as: UTF8.self).split(separator: "\u{1b}[?1049h").last?
                        .contains("\r\nsallyport: The builder ends in 1 minute unless you extend it: ssh ")
                        == true
                }
                job.end()
                await shell.output.waitForEnd()
            }
            await expect(finished, status: 69, in: testBed)
            expectInOrder(
                finished.text,
                [
                    "sallyport: Job \(number) (a note): failed.\r\n",
                    "sallyport: The builder ends when you log out, or in 2 hours; to keep it: ssh ",
                    "hold \(number)\r\n",
                    "sallyport: The deadline has moved.", "\u{1b}[?1049h", "\u{1b}[?1049l",
                    "\r\nsallyport: The builder of job \(number) has ended: bob has released it.",
                ])
            #expect(!finished.text.contains("To repeat"), "nobody says where scripts are: \(finished)")
            #expect(terminal.isCooked)
        }
    }

    private func failedJob(_ testBed: TestBed, _ manifest: String) async throws -> String {
        let job = try await Operator(testBed: testBed).submit(manifest)
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(120))
        await expect(log, status: 1, in: testBed)
        return job
    }
}

extension TestBed {
    /// Cancels a job.
    fileprivate func cancel(_ job: String) async throws {
        let cancelled = try await run([
            "curl", "--fail", "--silent", "--show-error", "--unix-socket", serviceSocket, "--request", "POST",
            "http://service/v1/jobs/\(job)/cancel",
        ])
        guard cancelled.status == 0 else {
            throw TestBedError("job \(job) was not cancelled", log: "\(cancelled)")
        }
    }
}
