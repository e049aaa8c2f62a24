import TestBed
import Testing

/// Full disks, logs that are removed, and abandoned builders.
@Suite struct VolumesTests {
    @Test func aFullDiskOfTheRunnerLosesNothing() async throws {
        let testBed = try await SharedTestBed.get()
        try await OwnRunner.with(testBed, size: "40m") { runner in
            // Space for a job, but none for its builder.
            try await runner.fill(leaving: 4 << 20)
            let submitted = try await runner.submit(
                """
                image: debian
                tasks:
                  - count: |
                      set +x
                      for number in $(seq 300); do printf 'number %d %0200d\\n' $number 0; sleep 0.03; done

                """)
            await expect(submitted, status: 0, output: ["job 1"], in: testBed)
            try await runner.wait(for: "the builder waits for space", in: "logs/1/log")
            try await runner.makeRoom()
            try await runner.wait(for: "number 20 ", in: "logs/1/count/log")

            try await runner.fill()
            try await runner.wait(forReport: "the log of task count cannot be written")
            let refused = try await runner.submit(
                "image: debian\ntasks:\n  - a: '#" + String(repeating: "x", count: 900_000) + "'\n")
            await expect(
                refused, status: 75, errors: ["The disk of the build service is full."], in: testBed)
            let jobs = try await runner.sallyport(["jobs"])
            await expect(jobs, status: 0, output: ["running"], in: testBed)

            try await runner.makeRoom()
            try await runner.wait(for: "Z success", in: "logs/1/log")
            let lines = try await runner.log("1", "count").split(separator: "\n").filter {
                $0.hasPrefix("number")
            }
            let zeros = String(repeating: "0", count: 200)
            #expect(lines.map(String.init) == (1...300).map { "number \($0) \(zeros)" })
            let log = try await runner.log("1")
            #expect(
                log.contains("its log waits, because it cannot be written: No space left on device"),
                "\(log)")
            #expect(log.contains("its log continues, nothing is missing"), "\(log)")
            let next = try await runner.submit("image: debian\ntasks:\n  - a: exit 0\n")
            await expect(next, status: 0, output: ["job 2"], in: testBed)
        }
    }

    /// Root in a builder can write to its console for ever, also where the runner's host forbids namespaces.
    @Test func aBuildersConsoleDoesNotFillTheDisk() async throws {
        let testBed = try await SharedTestBed.get()
        try await OwnRunner.with(testBed, size: "40m", more: "isolation = \"none\"") { runner in
            try await runner.wait(forReport: "warning.*runner.isolation is \"none\"")
            let submitted = try await runner.submit(
                """
                image: debian
                shell: true
                tasks:
                  - flood: |
                      sudo sh -c 'head -c 1500000 /dev/zero | tr "\\0" x >/dev/ttyS0'
                      echo survived

                """)
            await expect(submitted, status: 0, in: testBed)
            try await runner.wait(for: "Z success", in: "logs/1/log", seconds: 200)
            #expect(try await runner.log("1", "flood").contains("survived"))
            let size = try await testBed.run(["stat", "-c", "%s", "\(runner.state)/machines/1/console.log"])
            #expect(size.text == "1048576\n")
            await expect(
                try await runner.sallyport(["jobs"]), status: 0, output: ["kept, emulated, not isolated"],
                in: testBed)
        }
    }

    @Test func aBuilderEndsByItselfWhenItsRunnerNeverComesBack() async throws {
        let testBed = try await SharedTestBed.get()
        try await OwnRunner.with(testBed, size: "40m", keep: 5) { runner in
            let submitted = try await runner.submit("image: debian\ntasks:\n  - a: exit 1\n")
            await expect(submitted, status: 0, in: testBed)
            try await runner.wait(for: "the builder is kept", in: "logs/1/log")
            try await runner.kill()
            #expect(try await runner.hasBuilder)
            // Its keep-time, and half a minute.
            try await runner.waitUntilNoBuilder(seconds: 60)
        }
    }

    /// The task is told by its writes that fail; the person by the job's log. The builder stays usable, and in time.
    @Test func aFullDiskOfABuilderIsSaid() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            """
            image: debian
            tasks:
              - fill: |
                  cat /dev/zero >~/zero || true
                  yes 'no room for this' | head -n 100000 || true
              - after: exit 7

            """)
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(180))
        await expect(
            log, status: 1,
            output: [
                "No space left on device", "task fill: the disk of the builder is full", "task fill: exit 0",
                "task after: exit 7",
            ], in: testBed)
        let shown = try await Command.run(testBed.ssh(["show", job]))
        await expect(shown, status: 0, output: ["exit status 7: the builder's disk was full\n"], in: testBed)
        // The claim moves the builder's own deadline.
        let inside = try await Command.run(
            testBed.ssh([
                "connect", job, "rm ~/zero; cat /run/sallyport/deadline; cut -d . -f 1 /proc/uptime",
            ]),
            deadline: .seconds(60))
        await expect(inside, status: 0, in: testBed)
        let numbers = inside.text.split(separator: "\n").compactMap { Int($0) }
        #expect(numbers.count == 2 && numbers[0] - numbers[1] < 3600 && numbers[0] > numbers[1] + 800)
    }

    /// `: >log`, while it grows and someone follows it.
    @Test(arguments: [": >log", "mv log log.1"])
    func aLogThatIsTakenAwayGoesOn(command: String) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            """
            image: debian
            tasks:
              - count: for number in $(seq 100); do echo "number $number"; sleep 0.05; done

            """)
        let log = try await Command.start(testBed.ssh(["tail", job]), deadline: .seconds(120)) { client in
            try await client.output.wait(for: "[count] number 40\n")
            let taken = try await testBed.run(
                ["/bin/sh", "-ec", "cd \(testBed.folder)/machine/state/logs/\(job)/count; \(command)"])
            #expect(taken.status == 0, "\(taken)")
        }
        await expect(log, status: 0, in: testBed)
        #expect(Self.numbers(log) == (1...100).map { "[count] number \($0)" }, "\(log)")
        // Later readers get the rest, and a notice.
        let late = try await Command.run(testBed.ssh(["tail", job]))
        await expect(late, status: 0, output: ["what was here has been removed"], in: testBed)
        let rest = Self.numbers(late)
        #expect(!rest.isEmpty && rest.count < 70 && rest.last == "[count] number 100", "\(late)")
    }

    private static func numbers(_ log: Finished) -> [String] {
        log.text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("[count] number") }
    }
}
