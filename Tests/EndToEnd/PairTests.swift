import TestBed
import Testing

/// Machines that are nobody's until somebody enters the code that `sallyport-attach --pair` has printed.
@Suite struct PairTests {
    /// An account that the gateway does not know is the machine, with a key that the script makes.
    private func machine(_ gateway: Gateway = .builds, identity: String? = nil) async throws
        -> AttachingMachine
    {
        let testBed = try await SharedTestBed.get()
        try await AttachingMachine.install(in: testBed)
        return AttachingMachine(of: "mallory", in: testBed, gateway: gateway, identity: identity)
    }

    private func adopt(
        _ code: String, as person: String, at gateway: Gateway = .builds, in testBed: TestBed
    ) async throws -> Finished {
        try await Command.run(testBed.ssh(["adopt", code], to: gateway, as: person))
    }

    /// Without a terminal.
    private func adoptJob(_ code: String, in testBed: TestBed) async throws -> String {
        let adopted = try await adopt(code, as: "alice", in: testBed)
        await expect(adopted, status: 0, output: ["is yours now. To enter it:\nssh -t "], in: testBed)
        return String(adopted.text.drop { !$0.isNumber }.prefix { $0.isNumber })
    }

    private func release(_ job: String, at gateway: Gateway = .builds, in testBed: TestBed) async throws {
        let released = try await Command.run(
            testBed.ssh(["release", "--yes", job], to: gateway, as: "alice"))
        await expect(released, status: 0, in: testBed)
    }

    @Test func whoeverEntersTheCodeIsInTheStepsFolderAtOnce() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        let terminal = try PseudoTerminal(columns: 200)
        let finished = try await machine.pair(
            ["--note", "a fork", "--", "sh", "-c", "cd /var/tmp; exit 3"],
            shell: ["env", "--chdir=/var/tmp", "COLOUR=dark blue", "sh"]
        ) { code, command in
            let shell = try await Command.start(
                testBed.ssh(["adopt", code.lowercased()], as: "alice", options: ["-t"]), terminal: terminal
            ) { shell in
                try await shell.output.wait(for: "Attached from 127.0.0.1 with the key SHA256:")
                try await shell.output.wait(for: "what the machine says of itself is unchecked.")
                try await shell.write("pwd; echo \"<$COLOUR>\"; id -un\n")
                try await shell.output.wait(for: "<dark blue>")
                try await shell.output.wait(for: "mallory")
                try await shell.write("exit 7\n")
                try await shell.output.wait(for: "[y/N] ")
                try await shell.write("y\n")
            }
            await expect(shell, status: 7, output: ["/var/tmp", "(a fork)"], in: testBed)
            await command.errors.waitForEnd()
        }
        await expect(
            finished, status: 3,
            errors: [
                "This machine is nobody's yet. You can make it yours", "alice has adopted this machine.",
            ],
            in: testBed)
        #expect(finished.errorText.matches(of: #/ adopt /#).count == 1, "\(finished)")
        let code = try #require(finished.errorText.firstMatch(of: #/ adopt (\S+)/#))
        #expect(await !testBed.logTails(lines: 100_000).contains(code.1))
    }

    @Test func aCodeIsGoodOnceAndForOneOfTwo() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        let finished = try await machine.pair(["--", "false"]) { code, command in
            async let alices = adopt(code, as: "alice", in: testBed)
            async let bobs = adopt(code, as: "bob", in: testBed)
            let both = try await [alices, bobs]
            #expect(both.map(\.status).sorted() == [0, 66], "\(both)")
            let owner = both[0].status == 0 ? "alice" : "bob"
            let loser = both[both[0].status == 0 ? 1 : 0]
            await expect(loser, status: 66, errors: ["No machine waits with this code."], in: testBed)
            let again = try await adopt(code, as: owner, in: testBed)
            await expect(again, status: 66, errors: ["No machine waits with this code."], in: testBed)
            let job = String(
                both[both[0].status == 0 ? 0 : 1].text.drop { !$0.isNumber }.prefix { $0.isNumber })
            try await command.errors.wait(for: "\(owner) has adopted this machine.")
            let inside = try await Command.run(testBed.ssh(["connect", job, "exit 5"], as: owner))
            await expect(inside, status: 5, in: testBed)
            let other = owner == "alice" ? "bob" : "alice"
            let refused = try await Command.run(testBed.ssh(["connect", job, "true"], as: other))
            await expect(refused, status: 77, errors: ["belongs to \(owner)"], in: testBed)
            let released = try await Command.run(testBed.ssh(["release", "--yes", job], as: owner))
            await expect(released, status: 0, in: testBed)
        }
        await expect(finished, status: 1, in: testBed)
    }

    @Test func aMachineForSomebodyIsNobodyElses() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        let finished = try await machine.pair(["--for", "alice", "--", "false"]) { code, command in
            try await command.errors.wait(for: "alice can make it theirs")
            let bobs = try await adopt(code, as: "bob", in: testBed)
            await expect(bobs, status: 66, errors: ["No machine waits with this code."], in: testBed)
            try await release(try await adoptJob(code, in: testBed), in: testBed)
        }
        await expect(finished, status: 1, in: testBed)
    }

    /// Where unknown keys do not get in, everybody has one that does only this.
    @Test func aPublishedKeyIsEnoughWhereOnlyKnownOnesGetIn() async throws {
        let machine = try await machine(.choosy, identity: ".ssh/pairing")
        let testBed = machine.person.testBed
        let unknown = AttachingMachine(of: "mallory", in: testBed, gateway: .choosy, identity: nil)
        let refused = try await unknown.run(["--pair", "--", "sh", "-c", "exit 9"])
        await expect(refused, status: 9, errors: ["sallyport: "], in: testBed)
        #expect(refused.errorText.split(separator: "\n").count == 1, "\(refused)")

        let made = try await machine.person.sh(
            "rm -f .ssh/pairing*; ssh-keygen -q -t ed25519 -N '' -C everybody -f .ssh/pairing; cat .ssh/pairing.pub"
        )
        await expect(made, status: 0, in: testBed)
        let file = "\(testBed.folder)/pairing.pub"
        _ = try await testBed.run(["tee", file], input: made.text)
        let added = try await testBed.sallyport(["keys", "add", "--pair-only", "everybody", file])
        await expect(added, status: 0, output: ["and limited to pairing"], in: testBed)
        try await expectNothingElse(with: machine, in: testBed)
        let finished = try await machine.pair(["--", "false"]) { code, command in
            let adopted = try await adopt(code, as: "alice", at: .choosy, in: testBed)
            await expect(adopted, status: 0, in: testBed)
            try await command.errors.wait(for: "alice has adopted this machine.")
            let job = String(adopted.text.drop { !$0.isNumber }.prefix { $0.isNumber })
            let inside = try await Command.run(
                testBed.ssh(["connect", job, "echo $((6 * 7))"], to: .choosy, as: "alice"))
            await expect(inside, status: 0, output: ["42\n"], in: testBed)
            // Everybody has this key: it opens nothing of a machine that came with it.
            try await expectNothingElse(with: machine, on: job, in: testBed)
            try await release(job, at: .choosy, in: testBed)
        }
        await expect(finished, status: 1, in: testBed)
        let fingerprint = try await machine.person.sh("ssh-keygen -l -f .ssh/pairing.pub | cut -d ' ' -f 2")
        let removed = try await testBed.sallyport(["keys", "remove", fingerprint.text.trimmed])
        await expect(removed, status: 0, in: testBed)
    }

    /// Each verb, with the key that everybody has.
    private func expectNothingElse(
        with machine: AttachingMachine, on job: String = "1", in testBed: TestBed
    ) async throws {
        let command = ["ssh", "-p", "\(testBed.port(of: .choosy))", "-o", "IdentitiesOnly=yes"]
        for line in StrangersTests.lines {
            let line = line.first == "attach" ? line : line.map { $0 == "1" ? job : $0 }
            let refused = try await machine.person.run(
                command + ["-i", machine.identity ?? "", "builds@\(TestBed.publicHost)"] + line,
                input: Array("yes\n".utf8))
            await expect(
                refused, status: 77, errors: ["is good for is sallyport-attach --pair"], in: testBed)
        }
    }

    // MARK: Nobody adopts it

    @Test func aMachineThatIsGoneTakesItsCodeWithIt() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        let finished = try await machine.pair(["--", "false"]) { code, command in
            let killed = try await testBed.run(["pkill", "-INT", "-f", "^sh \(AttachingMachine.script)"])
            await expect(killed, status: 0, in: testBed)
            await command.errors.waitForEnd()
            let late = try await adopt(code, as: "alice", in: testBed)
            await expect(late, status: 66, errors: ["No machine waits with this code."], in: testBed)
        }
        await expect(finished, status: 1, in: testBed)
        #expect(!finished.errorText.contains("has adopted"), "\(finished)")
    }

    @Test func aSuccessWaitsForNobody() async throws {
        let machine = try await machine()
        let finished = try await machine.pair(["--always", "--", "sh", "-c", "sleep 3"]) { _, command in
            await command.errors.waitForEnd()
        }
        await expect(
            finished, status: 0, errors: ["so nobody has to adopt this machine"], in: machine.person.testBed)
    }

    @Test func aServiceWithoutPairingCostsOneLine() async throws {
        let machine = try await machine(.orphaned)
        let testBed = machine.person.testBed
        try await OwnRunner.with(testBed, size: "30m", at: testBed.orphanedSocket, more: "pairing = false") {
            _ in
            let finished = try await machine.run(["--pair", "--", "sh", "-c", "exit 9"])
            await expect(finished, status: 9, errors: ["adopt by a code"], in: testBed)
            #expect(finished.errorText.split(separator: "\n").count == 1, "\(finished)")
            let refused = try await adopt("222-222", as: "alice", at: .orphaned, in: testBed)
            await expect(refused, status: 77, errors: ["adopt by a code"], in: testBed)
        }
    }

    // MARK: Deaths

    @Test func aRunnerThatRestartsGivesAnotherCode() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        let finished = try await machine.pair(["--", "false"], deadline: .seconds(120)) { code, command in
            try await testBed.killRunner()
            try await testBed.startRunner()
            let other = try await AttachingMachine.code(2, in: command)
            try await command.errors.wait(for: "The code before is no longer good.")
            let old = try await adopt(code, as: "alice", in: testBed)
            await expect(old, status: 66, errors: ["No machine waits with this code."], in: testBed)
            let job = try await adoptJob(other, in: testBed)
            let inside = try await Command.run(testBed.ssh(["connect", job, "true"], as: "alice"))
            await expect(inside, status: 0, in: testBed)
            try await release(job, in: testBed)
        }
        await expect(finished, status: 1, in: testBed)
    }

    /// Before somebody has adopted it, it is another machine; afterwards it is the same.
    @Test func aLostConnectionIsDialledAgain() async throws {
        let machine = try await machine()
        let testBed = machine.person.testBed
        let finished = try await machine.pair(["--", "false"], deadline: .seconds(120)) { code, command in
            try await testBed.signalForcedCommands("KILL")
            let other = try await AttachingMachine.code(2, in: command)
            let dead = try await adopt(code, as: "alice", in: testBed)
            await expect(dead, status: 66, errors: ["No machine waits with this code."], in: testBed)
            let job = try await adoptJob(other, in: testBed)
            try await command.errors.wait(for: "alice has adopted this machine.")
            try await testBed.killSessionsOfSshd()
            try await command.errors.wait(for: "is still job \(job)")
            let inside = try await Command.run(testBed.ssh(["connect", job, "exit 5"], as: "alice"))
            await expect(inside, status: 5, in: testBed)
            try await release(job, in: testBed)
        }
        await expect(finished, status: 1, in: testBed)
    }
}
