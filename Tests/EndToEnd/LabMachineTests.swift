import TestBed
import Testing

/// Jobs on machines that an allocator program gets.
@Suite struct LabMachineTests {
    private static let failing = """
        pool: lab
        environment:
          COLOUR: red
        tasks:
          - check: |
              echo "here is $COLOUR"
              rm ~/.sallyport/admit-keys
              complete-build || echo "complete-build: $?"
              exit 3
        """

    /// A job fails there, people enter, and nobody gets the machine after that until an operator returns it.
    @Test func aJobOnAMachineOfTheLab() async throws {
        let testBed = try await SharedTestBed.get()
        let lab = try await LabMachine.start(in: testBed)
        let words = lab.command.map { "\"\($0)\"" }.joined(separator: ", ")
        let pool = "[runner.pool.lab]\nkind = \"command\"\nmax = 2\ncommand = [\(words)]\n"
        try await OwnRunner.with(testBed, size: "60m", at: testBed.orphanedSocket, more: pool) { runner in
            await expect(try await runner.submit(Self.failing), status: 0, in: testBed)
            try await runner.wait(for: "the builder is kept", in: "logs/1/log")
            let output = try await runner.log("1", "check")
            #expect(output.contains("here is red\n"), "\(output)")
            let isCompletable = output.contains("\ncomplete-build: 255\n") && !output.contains("no task")
            #expect(isCompletable, "\(output)")
            let inside = try await Command.run(
                testBed.ssh(["connect", "1", "id -un; cat ~/.tasks/check"], to: .orphaned))
            await expect(inside, status: 0, output: ["build\n", "here is $COLOUR"], in: testBed)
            await expect(
                try await lab.hosts(["show"]), status: 0, output: ["in use: job 1 of alice"], in: testBed)

            try await shell(on: "1", in: testBed)
            try await ownSSH(to: "1", in: testBed)

            let released = try await Command.run(testBed.ssh(["release", "1", "--yes"], to: .orphaned))
            await expect(released, status: 0, in: testBed)
            await expect(try await runner.submit(Self.failing), status: 0, in: testBed)
            try await runner.wait(for: "no machine is free: 1 out of service", in: "logs/2/log")
            let keys = try await StandInBuilder.authorizedKeys(in: testBed)
            #expect(keys.count == 1, "\(keys)")
            let left = try await testBed.run([
                "/bin/sh", "-c", "pgrep -u 64600; ls -A \(testBed.folder)/machine/run/build",
            ])
            #expect(!left.text.contains(".sallyport") && left.text.contains(".tasks"), "\(left)")
            // No process of the account either.
            let hasProcess = left.text.contains { $0.isNumber }
            #expect(!hasProcess, "\(left)")

            await expect(try await lab.hosts(["return", "m1"]), status: 0, in: testBed)
            try await runner.wait(for: "the builder is kept", in: "logs/2/log")
            await expect(
                try await runner.sallyport(["allocations"]), status: 0, output: ["taken back"], in: testBed)
        }
        try await lab.builder.end()
    }

    /// A job fails on one kind of machine alone, and its owner looks for the fault on a fresh one of that kind.
    @Test func aBuildThatFailsOnlyThere() async throws {
        let testBed = try await SharedTestBed.get()
        let lab = try await LabMachine.start(in: testBed)
        let words = lab.command.map { "\"\($0)\"" }.joined(separator: ", ")
        let pool = "[runner.pool.slow]\nkind = \"command\"\nmax = 1\ncommand = [\(words)]\n"
        let manifest = """
            pool: slow
            tasks:
              - configure: if command -v python3 >/dev/null; then echo with python3; else echo without; fi >found
              - check: |
                  cat found
                  ! grep -q 'with python3' found || exit 3
            """
        @Sendable func gateway(_ words: [String]) async throws -> Finished {
            try await Command.run(testBed.ssh(words, to: .orphaned), deadline: .seconds(120))
        }
        try await OwnRunner.with(testBed, size: "60m", at: testBed.orphanedSocket, more: pool) { runner in
            await expect(try await runner.submit(manifest), status: 0, in: testBed)
            try await runner.wait(for: "the builder is kept", in: "logs/1/log")
            await expect(try await gateway(["release", "1", "--yes"]), status: 0, in: testBed)
            // It is the machine: elsewhere, the same job succeeds.
            await expect(
                try await gateway(["rerun", "1", "--pool", "local", "--image", "debian", "--follow"]),
                status: 0, output: ["[check] without\n"], in: testBed)
            await expect(
                try await gateway(["rerun", "1", "--fresh", "--pool", "slow"]), status: 0,
                output: ["job 3: "], in: testBed)
            await expect(
                try await gateway([
                    "connect", "3",
                    "~/.tasks/configure && ~/.tasks/check; echo status $?; command -v python3",
                ]), status: 0, output: ["with python3\nstatus 3\n/", "/python3\n"], in: testBed)
        }
        try await lab.builder.end()
    }

    /// Whoever comes in reads what is different there.
    private func shell(on job: String, in testBed: TestBed) async throws {
        let entered = try await Command.start(
            testBed.ssh(["connect", job], to: .orphaned, options: ["-t"]),
            terminal: try PseudoTerminal(columns: 250)
        ) { shell in
            try await shell.output.wait(for: "$ ")
            try await shell.write(". ~/.buildenv; echo \"it is $COLOUR\"; exit\n")
            try await shell.output.wait(for: "[y/N] ")
            try await shell.write("n\n")
        }
        await expect(
            entered, status: 0,
            output: [
                "\r\nsallyport: For the job's variables: . ~/.buildenv\r\n",
                "\r\nsallyport: ssh job-\(job).\(TestBed.publicHost)   (for your own ssh, scp or editor; set up first: ssh ",
                " ssh-config --job \(job))\r\n", "it is red\r\n",
            ], in: testBed)
    }

    /// No authority certifies such a machine: people are led to lines for this job alone, and these let them in.
    private func ownSSH(to job: String, in testBed: TestBed) async throws {
        let name = "job-\(job).\(TestBed.publicHost)"
        let shown = try await Command.run(testBed.ssh(["show", job], to: .orphaned))
        await expect(shown, status: 0, output: ["ssh-config --job \(job)"], in: testBed)
        let refused = try await Command.run(testBed.ssh(["proxy", name], to: .orphaned))
        await expect(
            refused, status: 64, errors: ["has no certificate", "ssh-config --job \(job)"], in: testBed)
        let known = "\(testBed.client)/known-lab"
        let keys = try await Command.run(testBed.ssh(["known-hosts", job], to: .orphaned))
        await expect(keys, status: 0, output: [name], in: testBed)
        await expect(
            try await testBed.run(["/bin/sh", "-c", "printf %s \"$1\" >\"$2\"", "sh", keys.text, known]),
            status: 0, in: testBed)
        let proxy = testBed.ssh(["proxy", "job-\(job)"], to: .orphaned).joined(separator: " ")
        let entered = try await testBed.run([
            "ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i",
            "\(testBed.client)/alice", "-o", "UserKnownHostsFile=\(known)", "-o", "ProxyCommand=\(proxy)",
            "build@\(name)", "id -un; ls .ssh .sallyport; exit 5",
        ])
        // What a task has removed is there again, so that the runner keeps the keys, and no gateway.
        await expect(entered, status: 5, output: ["build", "admit-keys"], in: testBed)
        #expect(!entered.text.split(separator: "\n").contains("sallyport"), "\(entered)")
        // The key was there for this connection only.
        let left = try await StandInBuilder.authorizedKeys(in: testBed) { !$0.contains("SALLYPORT_ENTRY") }
        #expect(!left.contains { $0.contains("SALLYPORT_ENTRY") }, "\(left)")
    }

    /// A reset goes on when the verb that has begun it is ended, and the next one waits for it.
    @Test func aResetIsFinished() async throws {
        let testBed = try await SharedTestBed.get()
        let folder = "\(testBed.folder)/renewal"
        try await program(
            "reset",
            """
            echo "$SALLYPORT_HOST" >>\(folder)/begun
            until [ -e \(folder)/go ]; do sleep 0.05; done
            """, in: folder, of: testBed)
        let lab = try await LabMachine.start(in: testBed, more: "reset = [\"\(folder)/reset\"]")
        let question = """
            {"allocation": "j1", "job": "1", "owner": {"id": "1", "name": "alice"}, "pool": "lab", "tags": [],
            "lifetime": 600, "authorized_keys": []}
            """
        let allocated = try await testBed.run(lab.command + ["allocate"], input: question)
        await expect(allocated, status: 0, output: ["m1"], in: testBed)
        let release = #"{"allocation": "j1", "entered": true}"#
        // The process group gets SIGTERM, as when the pool's time has passed.
        let ended = try await testBed.run(
            [
                "/bin/sh", "-c",
                """
                folder=$1
                printf %s "$2" >"$folder/question"
                shift 2
                setsid "$@" <"$folder/question" &
                until [ -s "$folder/begun" ]; do sleep 0.05; done
                kill -s TERM -- "-$!"
                wait "$!"
                """, "sh", folder, release,
            ] + lab.command + ["release"])
        await expect(ended, status: 143, in: testBed)
        let second = try await testBed.run(["timeout", "2"] + lab.command + ["release"], input: release)
        await expect(second, status: 124, in: testBed)
        await expect(
            try await lab.hosts(["show"]), status: 0, output: ["is being made new since"], in: testBed)
        await expect(
            try await testBed.run(["/bin/sh", "-c", "echo $(cat \(folder)/begun); touch \(folder)/go"]),
            status: 0, output: ["m1\n"], in: testBed)
        let released = try await testBed.run(lab.command + ["release"], input: release)
        await expect(released, status: 0, in: testBed)
        await expect(try await lab.hosts(["show"]), status: 0, output: ["free"], in: testBed)
        await expect(
            try await testBed.run(["wc", "-l", "\(folder)/begun"]), status: 0, output: ["1 "], in: testBed)
        try await lab.builder.end()
    }

    /// An allocator dies with its runner, and what it had begun is released by the next one.
    @Test func aRunnerThatIsKilledWhileItAllocates() async throws {
        let testBed = try await SharedTestBed.get()
        let folder = "\(testBed.folder)/slow"
        try await program(
            "slow",
            """
            case $1 in
            allocate) sleep 31415 & echo "$$ $!" >\(folder)/new; mv \(folder)/new \(folder)/pid; wait ;;
            release) echo "$SALLYPORT_ALLOCATION" >>\(folder)/released ;;
            *) exit 64 ;;
            esac
            """, in: folder, of: testBed)
        let pool = "[runner.pool.slow]\nkind = \"command\"\nmax = 1\ncommand = \"\(folder)/slow\"\n"
        try await OwnRunner.with(testBed, size: "60m", more: pool) { runner in
            await expect(
                try await runner.submit("pool: slow\ntasks:\n  - a: echo\n"), status: 0, in: testBed)
            let wait = "until [ -s \(folder)/pid ]; do sleep 0.05; done; cat \(folder)/pid"
            let allocator = try await testBed.run(["/bin/sh", "-c", wait])
            await expect(allocator, status: 0, in: testBed)
            let processes = allocator.text.trimmed
            try await runner.kill()
            let gone = try await testBed.run([
                "/bin/sh", "-c",
                "while kill -0 \(processes.prefix { $0 != " " }) 2>/dev/null; do sleep 0.05; done",
            ])
            await expect(gone, status: 0, in: testBed)
            try await runner.start()
            // The job is allocated another machine then, by other processes.
            let released = try await testBed.run([
                "/bin/sh", "-c",
                "until grep -q '^1-' \(folder)/released; do sleep 0.05; done; ! kill -0 \(processes)",
            ])
            await expect(released, status: 0, in: testBed)
        }
    }

    /// Makes a program of sh(1) in a folder that is made for it.
    private func program(
        _ name: String, _ script: String, in folder: String, of testBed: TestBed
    ) async throws {
        let made = try await testBed.run([
            "/bin/sh", "-ec", #"mkdir "$1"; printf '#!/bin/sh\n%s\n' "$3" >"$1/$2"; chmod 755 "$1/$2""#, "sh",
            folder, name, script,
        ])
        await expect(made, status: 0, in: testBed)
    }
}
