import Subprocess
import TestBed
import Testing

/// Bytes under difficult circumstances.
@Suite struct PumpTests {
    /// Both connections change their keys all the time: the person's and the nested one.
    @Test func newKeysUnderLoadLoseNothing() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit("image: debian\ntasks:\n  - check: exit 1\n")
        let changed = try await Command.run(
            testBed.ssh([
                "connect", job,
                """
                sudo sh -c 'echo RekeyLimit 1M >>/etc/ssh/sshd_config && kill -HUP $(cat /run/sshd.pid)' && \
                echo changed
                """,
            ]), deadline: .seconds(90))
        await expect(changed, status: 0, output: ["changed"], in: testBed)
        try await expectListening(job, in: testBed)
        let bytes = randomBytes(10_000_000)
        let finished = try await Command.run(
            testBed.ssh(["connect", job, "cat"], options: ["-o", "RekeyLimit=1M"]), input: bytes,
            deadline: .seconds(120))
        #expect(finished.status == 0 && !finished.late, "\(finished.status) \(finished.errorText)")
        expectSame(finished.output, as: bytes)
        try await testBed.endBuilder(of: job)
    }

    /// A slow reader stops the writer, and nothing piles up in between; in the end everything arrives.
    @Test func aReaderThatStopsHoldsTheBuilderBack() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let count = 100_000_000
        let finished = try await Command.start(
            [
                "bash", "-c", "exec 3<&0; \"$@\" | { head -c 100000; read -r go <&3; wc -c; }", "bash",
            ] + testBed.ssh(["connect", job, "head -c \(count) /dev/zero"], options: ["-n"]),
            deadline: .seconds(420)
        ) { client in
            try await client.output.wait(for: "100000 bytes") { $0.count >= 100_000 }
            try await expectBoundedMemory(in: testBed)
            try await client.write("go\n")
            try await expectBoundedMemory(in: testBed)
        }
        #expect(finished.status == 0, "\(finished.errorText)")
        let rest = finished.output.drop { $0 == 0 }
        #expect(Int(String(decoding: rest, as: UTF8.self).filter(\.isNumber)) == count - 100_000)
    }

    /// The other way round.
    @Test func aBuilderThatDoesNotReadHoldsTheClientBack() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let count = 50_000_000
        let finished = try await Command.start(
            ["bash", "-c", "head -c \(count) /dev/zero | \"$@\"", "bash"]
                + testBed.ssh([
                    "connect", job, "rm -f go; echo waiting; until [ -e go ]; do sleep 0.1; done; wc -c",
                ]),
            deadline: .seconds(180)
        ) { client in
            try await client.output.wait(for: "waiting")
            try await expectBoundedMemory(in: testBed)
            let told = try await Command.run(testBed.ssh(["connect", job, "touch go"]))
            await expect(told, status: 0, in: testBed)
        }
        await expect(finished, status: 0, output: ["\(count)\n"], in: testBed)
    }

    /// The memory of the forced command, once it has stopped growing for two seconds.
    private func expectBoundedMemory(in testBed: TestBed) async throws {
        let memory = try await testBed.run([
            "/bin/sh", "-ec",
            """
            pid=$(pgrep -f '^/usr/local/libexec/sallyport/sallyport-shell')
            memory() { sed -n 's/^RssAnon:[^0-9]*\\([0-9]*\\) kB/\\1/p' "/proc/$pid/status"; }
            before=0 now=$(memory)
            while [ "$now" -gt "$before" ]; do before=$now; sleep 2; now=$(memory); done
            echo "$now"
            """,
        ])
        let kilobytes = Int(memory.text.split(separator: "\n").last ?? "") ?? .max
        #expect((1...16 * 1024).contains(kilobytes), "\(memory)")
    }

    /// As sh(1) reports a death by signal; the names are those of RFC 4254, except QUIT, which shells
    /// ignore.
    @Test func aSignalThatEndsTheCommandIsToldInTheStatus() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        for (name, number) in [
            ("HUP", 1), ("INT", 2), ("ILL", 4), ("ABRT", 6), ("FPE", 8), ("KILL", 9),
            ("USR1", 10),
            ("SEGV", 11), ("USR2", 12), ("PIPE", 13), ("ALRM", 14), ("TERM", 15),
        ] as [(String, Int32)] {
            let finished = try await Command.run(
                testBed.ssh(["connect", job, "exec sh -c 'kill -\(name) $$'"]))
            await expect(finished, status: 128 + number, in: testBed)
        }
    }

    /// Each session on a shared connection is authorised again, and ends by itself.
    @Test func sessionsOnOneConnectionAreApart() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let other = try await SharedJobs.bobsWreck(testBed)
        let control = ["-o", "ControlPath=\(testBed.client)/control"]
        let master = try await Command.run(
            testBed.ssh(
                [], options: control + ["-o", "ControlMaster=yes", "-o", "ControlPersist=60", "-N", "-f"]))
        await expect(master, status: 0, in: testBed)
        try await withThrowingTaskGroup { group in
            for number in 1...3 as ClosedRange<Int32> {
                group.addTask {
                    let finished = try await Command.run(
                        testBed.ssh(["connect", job, "echo \(number); exit \(number)"], options: control))
                    await expect(finished, status: number, output: ["\(number)\n"], in: testBed)
                }
            }
            group.addTask {
                let refused = try await Command.run(
                    testBed.ssh(["connect", other, "true"], options: control))
                await expect(refused, status: 77, in: testBed)
            }
            try await group.waitForAll()
        }
        _ = try await Command.run(testBed.ssh([], options: control + ["-O", "exit"]))
        try await expectNobodyOnTheGateway(in: testBed)
    }

    @Test func theTerminalsTypeAndTheLanguageArrive() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let finished = try await Command.start(
            testBed.ssh(
                ["connect", job, "echo $TERM $LANG $LC_TIME"],
                options: ["-t", "-o", "SetEnv=LANG=C LC_TIME=POSIX"]),
            terminal: try PseudoTerminal(), environment: .inherit.updating(["TERM": "vt220"])
        ) { _ in }
        await expect(finished, status: 0, output: ["vt220 C POSIX"], in: testBed)
    }

    /// They come ten at a time, since each login takes an emulated machine a second, and stay until all are there.
    @Test func fiftySessionsAtOnceAreApart() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let count: Int32 = 50
        let (arrivals, arrival) = AsyncStream<Void>.makeStream()
        let (starts, start) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup { group in
            var waiting = arrivals.makeAsyncIterator()
            for number in 1...count {
                if number > 10 { await waiting.next() }
                group.addTask {
                    let finished = try await Command.start(
                        testBed.ssh(["connect", job, "echo in; read word; echo $word; exit \(number)"]),
                        deadline: .seconds(240)
                    ) { client in
                        try await client.output.wait(for: "in\n")
                        arrival.yield()
                        for await _ in starts {}
                        try await client.write("\(number)\n")
                    }
                    await expect(finished, status: number, output: ["in\n\(number)\n"], in: testBed)
                }
            }
            for _ in 0..<10 { await waiting.next() }
            #expect(try await Operator(testBed: testBed).job(job).sessions.count == Int(count))
            start.finish()
            try await group.waitForAll()
        }
        try await expectNobodyOnTheGateway(in: testBed)
        try await expectNoSession(of: job, in: testBed)
    }
}
