import Glibc
import TestBed
import Testing

/// `connect` with a command: no terminal, bytes and statuses as they are.
@Suite struct ConnectTests {
    /// What the shell on the other side sees is what `ssh builder …` would have given it.
    @Test func outputErrorsAndStatusStayApart() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let finished = try await Command.run(
            testBed.ssh(["connect", job, "sh -c 'echo out; echo err >&2; exit 3'"]))
        await expect(finished, status: 3, in: testBed)
        #expect(finished.text == "out\n", "\(finished)")
        #expect(finished.errorText.contains("err\n"), "\(finished)")
        #expect(!finished.errorText.contains("out"), "\(finished)")
    }

    @Test func quotingReachesTheBuilderVerbatim() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let line = #"printf '%s\n' "a  b" 'c"d' \$e  "$((1+1))" '*'   -- "é""#
        let finished = try await Command.run(testBed.ssh(["connect", job, line]))
        await expect(finished, status: 0, in: testBed)
        #expect(finished.text == "a  b\nc\"d\n$e\n2\n*\n--\né\n", "\(finished)")
    }

    @Test func oneDoubleDashAfterTheJobIsDropped() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let finished = try await Command.run(testBed.ssh(["connect", job, "--", "echo", "--", "x"]))
        await expect(finished, status: 0, in: testBed)
        #expect(finished.text == "-- x\n", "\(finished)")
    }

    @Test func anUnbalancedQuoteIsTheBuildersToComplainAbout() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let finished = try await Command.run(testBed.ssh(["connect", job, "echo 'oops"]))
        #expect(finished.status == 1 || finished.status == 2, "\(finished)")
        #expect(finished.errorText.contains("unexpected EOF"), "\(finished)")
    }

    @Test func aCommandOfAHundredKilobytesArrives() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let text = String(repeating: "0123456789", count: 10_000)
        let finished = try await Command.run(testBed.ssh(["connect", job, "echo \(text)"]))
        await expect(finished, status: 0, in: testBed)
        #expect(finished.text == text + "\n")
    }

    @Test func fiftyMegabytesGoBothWaysAtOnce() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let bytes = randomBytes(50_000_000)
        let finished = try await Command.run(
            testBed.ssh(["connect", job, "cat"]), input: bytes, deadline: .seconds(240))
        #expect(finished.status == 0 && !finished.late, "\(finished.status) \(finished.errorText)")
        expectSame(finished.output, as: bytes)
    }

    /// sort(1) writes nothing before its input has ended.
    @Test func theEndOfInputReachesTheBuilder() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let finished = try await Command.run(
            testBed.ssh(["connect", job, "sort"]), input: Array("c\na\nb\n".utf8))
        await expect(finished, status: 0, in: testBed)
        #expect(finished.text == "a\nb\nc\n", "\(finished)")
    }

    /// It says so, and how to get a terminal; a script may well mean it.
    @Test func withoutATerminalAShellRunsOnPipes() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit("image: debian\ntasks:\n  - check: exit 1\n")
        let finished = try await Command.run(
            testBed.ssh(["connect", job]), input: Array("echo $((6 * 7))\nexit 5\n".utf8),
            deadline: .seconds(90))
        await expect(finished, status: 5, output: ["42\n"], errors: ["ssh -t"], in: testBed)
    }

    /// As with ssh to the builder itself: a signal that SSH cannot name is not taken for another one.
    @Test func aCrashHasAStatusOfItsOwn() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let named = try await Command.run(testBed.ssh(["connect", job, "kill -SEGV $$"]))
        await expect(named, status: 139, in: testBed)
        let unnamed = try await Command.run(testBed.ssh(["connect", job, "echo before; kill -BUS $$"]))
        await expect(
            unnamed, status: 255, output: ["before\n"],
            errors: ["sallyport: The command was killed by a signal that SSH has no name for"], in: testBed)
    }
}
