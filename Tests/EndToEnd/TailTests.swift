import TestBed
import Testing

/// `tail`: the logs from their first byte to the end of the job.
@Suite struct TailTests {
    @Test(arguments: [0, 1])
    func allOfAJobsLogsComeUntilItEnds(status: Int32) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            """
            image: debian
            tasks:
              - first: |
                  echo begin
                  for number in 1 2 3; do echo "line $number"; sleep 0.3; done
              - second: printf 'no end of line'
              - third: |
                  echo last
                  exit \(status)

            """)
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(120))
        await expect(log, status: status, output: ["\n[second] no end of line\n"], in: testBed)
        let expected = [
            "[first] begin", "[first] line 1", "[first] line 2", "[first] line 3", "[second] no end of line",
            "[third] last",
        ]
        #expect(said(log) == expected, "\(log)")
        // Once more, now that all has been written: the job's own log comes first then, but for its last word.
        let again = try await Command.run(testBed.ssh(["tail", job]))
        await expect(again, status: status, in: testBed)
        #expect(said(again) == expected, "\(again)")
        let word = status == 0 ? "Z success\n" : "the builder is kept until "
        #expect(again.text.suffix(60).contains(word), "\(again)")
        #expect(again.text.split(separator: "\n").sorted() == log.text.split(separator: "\n").sorted())
        let lines = again.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        for count in [0, 1, 4, lines.count, 1000] {
            let end = try await Command.run(testBed.ssh(["tail", "-n", "\(count)", "-f", job]))
            await expect(end, status: status, in: testBed)
            #expect(end.text == lines.suffix(count).map { "\($0)\n" }.joined(), "\(count): \(end)")
        }
        if status != 0 { try await testBed.endBuilder(of: job) }
        try await expectNobodyOnTheGateway(in: testBed)
    }

    @Test func escapesThatMoveTheCursorAreDropped() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            #"""
            image: debian
            tasks:
              - colours: printf '\033[31mred\033[0m \033]0;title\007\033[2Jrest\n'
              - ends: |
                  printf 'windows\r\n\033]0;half a title\n\033[8mhidden\n'
                  printf '\342\200\256turned \033[31mab\010\010\010\010\010\010\010\010\010\010forged\n'
                  echo the rea""son

            """#)
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(120))
        await expect(log, status: 0, output: ["[colours] \u{1b}[31mred\u{1b}[0m rest\n"], in: testBed)
        let raw = try await Command.run(testBed.ssh(["tail", "--raw", job]))
        await expect(raw, status: 0, output: ["\u{1b}]0;title\u{7}\u{1b}[2Jrest\n"], in: testBed)
        // On a terminal, whose lines end once.
        let terminal = try PseudoTerminal()
        let shown = try await Command.start(
            testBed.ssh(["tail", job], options: ["-t"]), terminal: terminal
        ) { _ in }
        await expect(
            shown, status: 0,
            output: [
                "[ends] windows\r\n[ends] \r\n[ends] \u{1b}[8mhidden\u{1b}[0m\r\n", "[ends] the reason\r\n",
                // Back to the line's beginning, and no further: the name is written again, without the style.
                "[ends] \u{fffd}turned \u{1b}[31mab\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{1b}[0m\r[ends] "
                    + "\u{1b}[31mforged\u{1b}[0m\r\n",
            ],
            in: testBed)
        #expect(!shown.text.contains("\r\r"), "\(shown)")
    }

    @Test func longLinesAndInvalidTextArrive() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            #"""
            image: debian
            tasks:
              - odd: |
                  set +x
                  head -c 10000000 /dev/zero | tr '\0' x
                  printf '\na\377b 50%%\r100%%\nend without a newline'

            """#)
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(120))
        let line = String(repeating: "x", count: 10_000_000)
        await expect(log, status: 0, in: testBed)
        #expect(
            log.text.contains(
                "[odd] \(line)\n[odd] a\u{fffd}b 50%\r[odd] 100%\n[odd] end without a newline\n"))
        let raw = try await Command.run(testBed.ssh(["tail", "--raw", job]), deadline: .seconds(60))
        await expect(raw, status: 0, in: testBed)
        let bytes = Array("\n[odd] a".utf8) + [0xff] + Array("b 50%".utf8)
        #expect(raw.output.firstRange(of: bytes) != nil)
        // The job's last word comes last; the fourth line from the end has ten megabytes.
        for (count, size) in [(2, 0..<150), (3, 0..<150), (4, 10_000_000..<10_001_000)] {
            let end = try await Command.run(
                testBed.ssh(["tail", "-n", "\(count)", job]), deadline: .seconds(60))
            await expect(
                end, status: 0, output: ["[odd] end without a newline\n", "Z success\n"], in: testBed)
            #expect(size.contains(end.output.count), "\(count) lines: \(end.output.count) bytes")
        }
    }

    @Test func theLastLinesOfARunningJobComeAndThenWhatFollows() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            """
            image: debian
            tasks:
              - first: echo early
              - second: |
                  set +x
                  for number in $(seq 50); do echo "number $number"; done
                  until [ -e ~/go ]; do sleep 0.1; done
                  echo late
              - third: echo last

            """)
        let whole = try await Command.start(testBed.ssh(["tail", job]), deadline: .seconds(120)) { whole in
            try await whole.output.wait(for: "[second] number 50\n")
            let end = try await Command.start(testBed.ssh(["tail", "-n", "2", job]), deadline: .seconds(60)) {
                try await $0.output.wait(for: "[second] number 50\n")
                let go = try await Command.run(testBed.ssh(["connect", job, "--now", "touch ~/go"]))
                await expect(go, status: 0, in: testBed)
            }
            await expect(end, status: 0, in: testBed)
            #expect(
                said(end) == [
                    "[second] number 49", "[second] number 50", "[second] late", "[third] last",
                ], "\(end)")
        }
        await expect(whole, status: 0, output: ["[first] early\n", "[third] last\n"], in: testBed)
    }

    @Test func manyFollowersGetTheSame() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            """
            image: debian
            tasks:
              - count: for number in $(seq 100); do echo "number $number"; sleep 0.02; done

            """)
        let numbers = (1...100).map { "[count] number \($0)" }
        try await withThrowingTaskGroup { group in
            for _ in 0..<10 {
                group.addTask {
                    let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(120))
                    await expect(log, status: 0, in: testBed)
                    let lines = log.text.split(separator: "\n").map(String.init)
                    #expect(lines.filter { $0.hasPrefix("[count] number") } == numbers)
                }
            }
            try await group.waitForAll()
        }
        try await expectNobodyOnTheGateway(in: testBed)
    }

    /// What the tasks have written themselves, without the job's own log and the commands as sh -x shows them.
    private func said(_ log: Finished) -> [String] {
        log.text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("[") && !$0.contains("] + ") }
    }
}
