import Subprocess
import TestBed
import Testing

/// Machines that dial out: `sallyport-attach`, sshd, the gateway and the runner, together.
@Suite struct AttachTests {
    /// Alice's account is the machine.
    private func machine(_ gateway: Gateway = .builds) async throws -> AttachingMachine {
        let testBed = try await SharedTestBed.get()
        try await AttachingMachine.install(in: testBed)
        return AttachingMachine(in: testBed, gateway: gateway)
    }

    private func connect(_ job: String, _ command: String, to machine: AttachingMachine) -> [String] {
        machine.person.testBed.ssh(["connect", job, command], as: "alice")
    }

    @Test(arguments: [["sh"], ["bash"], ["busybox", "ash"], ["ksh"]])
    func aFailedCommandIsEnteredWhereItFailed(shell: [String]) async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        let before = try await machine.snapshot()
        let finished = try await machine.attach(
            [
                "--note", "it's \"broken\"", "--", "sh", "-c",
                "cd /var/tmp; echo out; echo err >&2; exit 3",
            ], shell: ["env", "--chdir=/var/tmp", "COLOUR=dark 'blue'\nand red"] + shell
        ) { job, _ in
            let inside = try await Command.run(
                connect(job, "pwd; echo \"$COLOUR\"; echo apart >&2; exit 5", to: machine))
            await expect(
                inside, status: 5, output: ["/var/tmp\n", "dark 'blue'\nand red\n"], errors: ["apart"],
                in: testBed)
            let shown = try await Command.run(testBed.ssh(["show", job], as: "alice"))
            await expect(shown, status: 0, output: ["failed", "it's \"broken\""], in: testBed)
            await expect(try await machine.release(job), status: 0, in: testBed)
        }
        await expect(finished, status: 3, errors: ["err\n", "release"], in: testBed)
        #expect(finished.text == "out\n", "\(finished)")
        #expect(try await machine.snapshot() == before)
        try await machine.expectNothingIsLeft()
    }

    @Test func aCommandThatSucceedsAsksNobody() async throws {
        let machine = try await machine()
        let finished = try await machine.run(["--", "sh", "-c", "echo out; echo err >&2"])
        await expect(finished, status: 0, in: machine.person.testBed)
        #expect(finished.text == "out\n" && finished.errorText == "err\n", "\(finished)")
    }

    @Test func aShellHasATerminalThatChangesItsSize() async throws {
        let machine = try await machine()
        _ = try await machine.attach(["--", "false"]) { job, _ in
            try await machine.expectResizableShell(in: job, from: "127.0.0.1", endingIt: true)
        }
    }

    /// Through the person's own ssh, whose key is let in for as long as they are there.
    @Test func onesOwnClientsReachIt() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        let alice = try await Equipped.person("alice", in: testBed)
        let bytes = randomBytes(20_000_000)
        _ = try await machine.attach(["--", "false"], deadline: .seconds(180)) { job, _ in
            let host = "alice@\(alice.builder(job))"
            let sorted = try await alice.run(["ssh", host, "sort"], input: Array("b\na\n".utf8))
            await expect(sorted, status: 0, output: ["a\nb\n"], in: testBed)
            let echoed = try await alice.run(
                ["ssh", host, "cat; echo apart >&2; exit 5"], input: bytes, deadline: .seconds(90))
            await expect(echoed, status: 5, errors: ["apart\n"], in: testBed)
            expectSame(echoed.output, as: bytes)
            let copied = try await alice.sh(
                """
                head -c 1000000 /dev/urandom >sent
                scp -q sent "$1:/var/tmp/received" && scp -q "$1:/var/tmp/received" back && cmp sent back
                rm -f sent back /var/tmp/received
                """, host)
            await expect(copied, status: 0, in: testBed)
            let forwarded = try await alice.sh(
                """
                mkdir -p www; echo served >www/index.html
                busybox httpd -f -p 127.0.0.1:8131 -h www & server=$!
                ssh -f -N -o ExitOnForwardFailure=yes -M -S "$HOME/c" -L 8132:127.0.0.1:8131 -D 8133 "$1" >said 2>&1
                curl -sf http://127.0.0.1:8132/; curl -sf --socks5 127.0.0.1:8133 http://127.0.0.1:8131/
                ssh -S "$HOME/c" -O exit "$1" 2>/dev/null; kill $server; rm -rf www said
                """, host)
            await expect(forwarded, status: 0, output: ["served\nserved\n"], in: testBed)
            await expect(try await machine.release(job), status: 0, in: testBed)
        }
        try await machine.expectNothingIsLeft()
    }

    @Test func twelveSessionsAtOnceAreAllTheirOwn() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        _ = try await machine.attach(["--", "false"], deadline: .seconds(150)) { job, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...12 {
                    group.addTask {
                        let bytes = randomBytes(200_000)
                        let finished = try await Command.run(
                            connect(job, "cat; exit \(number)", to: machine), input: bytes,
                            deadline: .seconds(120))
                        await expect(finished, status: Int32(number), in: testBed)
                        expectSame(finished.output, as: bytes)
                    }
                }
                try await group.waitForAll()
            }
            await expect(try await machine.release(job), status: 0, in: testBed)
        }
        try await machine.expectNothingIsLeft()
    }

    @Test func aNameIsAsGoodAsANumber() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        _ = try await machine.attach(["--name", "parser-arm", "--", "false"]) { job, _ in
            let inside = try await Command.run(connect("parser-arm", "echo $((6 * 7))", to: machine))
            await expect(inside, status: 0, output: ["42\n"], in: testBed)
            let strangers = try await Command.run(testBed.ssh(["connect", "parser-arm", "true"], as: "bob"))
            await expect(strangers, status: 66, in: testBed)
            await expect(try await machine.release("parser-arm"), status: 0, in: testBed)
            _ = job
        }
    }

    @Test func someoneElseEntersOnlyIfTheyAreLetIn() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        _ = try await machine.attach(["--", "false"]) { job, _ in
            let refused = try await Command.run(testBed.ssh(["connect", job, "true"], as: "bob"))
            await expect(refused, status: 77, errors: ["belongs to alice"], in: testBed)
            let shared = try await Command.run(testBed.ssh(["share", job, "bob"], as: "alice"))
            await expect(shared, status: 0, in: testBed)
            async let bobs = Command.run(
                testBed.ssh(["connect", job, "echo bob; cat"], as: "bob"), input: [65])
            async let alices = Command.run(connect(job, "echo alice; cat", to: machine), input: [66])
            await expect(try await bobs, status: 0, output: ["bob\nA"], in: testBed)
            await expect(try await alices, status: 0, output: ["alice\nB"], in: testBed)
            await expect(try await machine.release(job), status: 0, in: testBed)
        }
    }

    // MARK: It never changes a build's result

    @Test func aKeyThatNobodyKnowsCostsOneLine() async throws {
        let testBed = try await SharedTestBed.get()
        try await AttachingMachine.install(in: testBed)
        let machine = AttachingMachine(of: "mallory", in: testBed)
        let finished = try await machine.run(["--", "sh", "-c", "echo out; exit 9"])
        await expect(finished, status: 9, errors: ["sallyport: "], in: testBed)
        #expect(finished.text == "out\n", "\(finished)")
        #expect(finished.errorText.split(separator: "\n").count == 1, "\(finished.errorText)")
        try await machine.expectNothingIsLeft()
    }

    @Test func aServiceThatIsDownCostsOneLine() async throws {
        let machine = try await machine(.orphaned)
        let finished = try await machine.run(["--", "sh", "-c", "exit 9"])
        await expect(finished, status: 9, errors: ["sallyport: "], in: machine.person.testBed)
        #expect(finished.errorText.split(separator: "\n").count == 1, "\(finished.errorText)")
        try await machine.expectNothingIsLeft()
    }

    // MARK: Deaths

    /// The same machine, which is entered by the same number.
    @Test(arguments: ["forced commands", "sshd", "runner"])
    func whateverDiesOnTheGatewayTheMachineStaysTheSame(victim: String) async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        let finished = try await machine.attach(["--", "false"], deadline: .seconds(120)) { job, command in
            await expect(
                try await Command.run(connect(job, "true", to: machine)), status: 0, in: testBed)
            switch victim {
            case "forced commands": try await testBed.signalForcedCommands("KILL")
            case "sshd": try await testBed.killSessionsOfSshd()
            default:
                try await testBed.killRunner()
                try await testBed.startRunner()
            }
            if victim != "runner" { try await command.errors.wait(for: "is still job \(job)") }
            await expect(
                try await Command.run(connect(job, "true", to: machine)), status: 0, in: testBed)
            await expect(try await machine.release(job), status: 0, in: testBed)
        }
        await expect(finished, status: 1, in: testBed)
        try await machine.expectNothingIsLeft()
    }

    /// The CI sends INT, and more a few seconds later.
    @Test func aCancelledJobTellsThoseWhoAreInside() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        let finished = try await machine.attach(["--", "false"]) { job, command in
            let shell = try await Command.start(
                testBed.ssh(["connect", job], as: "alice", options: ["-t"]),
                terminal: try PseudoTerminal(columns: 200)
            ) { shell in
                try await shell.output.wait(for: "$ ")
                let killed = try await testBed.run(["pkill", "-INT", "-f", "^sh \(AttachingMachine.script)"])
                await expect(killed, status: 0, in: testBed)
                try await shell.output.wait(for: "cancelled")
                await shell.output.waitForEnd()
            }
            await expect(shell, status: 69, in: testBed)
            await command.errors.waitForEnd()
        }
        await expect(finished, status: 1, in: testBed)
        try await machine.expectNothingIsLeft()
    }

    @Test func theOutputIsTheJobsLogWithoutCredentials() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        _ = try await machine.attach(
            ["--log", "--", "sh", "-c", "echo out $DEPLOY_TOKEN; echo err >&2; exit 4"],
            shell: ["env", "DEPLOY_TOKEN=hunter2hunter2", "sh"]
        ) { job, _ in
            let log = try await Command.start(testBed.ssh(["tail", job], as: "alice")) { tail in
                try await tail.output.wait(for: "out ***\n")
                try await tail.output.wait(for: "err\n")
                tail.send(.interrupt)
            }
            #expect(!"\(log)".contains("hunter2"))
            await expect(try await machine.release(job), status: 0, in: testBed)
        }
        try await machine.expectNothingIsLeft()
    }

    /// Whoever is no longer allowed to be there leaves, and the machine stays.
    @Test func someoneWhoIsUnsharedHasToGo() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        _ = try await machine.attach(["--", "false"]) { job, _ in
            let shared = try await Command.run(testBed.ssh(["share", job, "bob"], as: "alice"))
            await expect(shared, status: 0, in: testBed)
            let inside = try await Command.start(
                testBed.ssh(["connect", job], as: "bob", options: ["-t"]),
                terminal: try PseudoTerminal(columns: 200)
            ) { shell in
                try await shell.output.wait(for: "$ ")
                let unshared = try await Command.run(testBed.ssh(["unshare", job, "bob"], as: "alice"))
                await expect(unshared, status: 0, in: testBed)
                await shell.output.waitForEnd()
            }
            await expect(inside, status: 77, in: testBed)
            await expect(
                try await Command.run(connect(job, "true", to: machine)), status: 0, in: testBed)
            await expect(try await machine.release(job), status: 0, in: testBed)
        }
    }

    /// No deadline is later than the CI's own end.
    @Test func nothingIsPromisedAfterTheCIsOwnEnd() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        _ = try await machine.attach(["--time-left", "5m", "--", "false"]) { job, _ in
            let shell = try await Command.start(
                testBed.ssh(["connect", job], as: "alice", options: ["-t"]),
                terminal: try PseudoTerminal(columns: 200)
            ) { shell in
                try await shell.output.wait(for: "The CI ends this job at ")
                try await shell.output.wait(for: "$ ")
                try await shell.write("kill -KILL $$\n")
            }
            #expect(shell.text.contains("minutes"), "\(shell)")
            let extended = try await Command.run(testBed.ssh(["extend", job, "--max"], as: "alice"))
            #expect(!"\(extended)".contains("hour"), "\(extended)")
            await expect(try await machine.release(job), status: 0, in: testBed)
        }
    }

    /// Its end comes while somebody is inside: they read why, and so does the CI's log.
    @Test func theCIsOwnEndComesWhileSomebodyIsInside() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        let finished = try await machine.attach(["--time-left", "10s", "--", "false"]) { job, command in
            let shell = try await Command.start(
                testBed.ssh(["connect", job], as: "alice", options: ["-t"]),
                terminal: try PseudoTerminal(columns: 200)
            ) { shell in
                try await shell.output.wait(for: "$ ")
                await shell.output.waitForEnd()
            }
            await expect(shell, status: 69, output: ["has ended"], in: testBed)
            await command.errors.waitForEnd()
        }
        await expect(finished, status: 1, errors: ["has ended: "], in: testBed)
        try await machine.expectNothingIsLeft()
    }

    @Test func aStepThatGoesOnIsEnteredUntilTheJobsEnd() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        let detached = try await machine.run(["--name", "whole-job", "--detach"])
        await expect(detached, status: 0, errors: ["connect "], in: testBed)
        await expect(
            try await Command.run(
                testBed.ssh(["connect", "--now", "whole-job", "echo $((6 * 7))"], as: "alice")), status: 0,
            output: ["42\n"], in: testBed)
        let waited = try await machine.person.run(["sh", AttachingMachine.script, "wait", "0"])
        await expect(waited, status: 0, in: testBed)
        try await machine.expectNothingIsLeft()
    }

    @Test func aScriptThatIsKilledLeavesOneFolderForTheNext() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        _ = try await machine.attach(["--", "false"]) { _, _ in
            // The oldest of its processes; whoever started it has to be left alive to see the end of the output.
            let killed = try await testBed.run([
                "pkill", "-KILL", "-o", "-f", "^sh \(AttachingMachine.script)",
            ])
            await expect(killed, status: 0, in: testBed)
        }
        let next = try await machine.attach(["--", "false"]) { job, _ in
            await expect(try await machine.release(job), status: 0, in: testBed)
        }
        await expect(next, status: 1, in: testBed)
        try await machine.expectNothingIsLeft()
    }
}
