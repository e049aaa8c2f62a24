import TestBed
import Testing

/// The person's own agent, forwarded to programs on the builder: `ssh -A … connect 42`.
@Suite struct AgentForwardingTests {
    /// The administrator permits it, and only people who want to forward their agent do.
    @Test(arguments: [Gateway.trusting, .choosy])
    func aProgramUsesTheAgentThatSomeoneForwards(gateway: Gateway) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        try await SomeonesAgent.with(testBed) { agent in
            let lent = try await Command.run(
                testBed.ssh(["connect", job, "ssh-add -L"], to: gateway, options: agent.options))
            await expect(lent, status: 0, in: testBed)
            #expect(lent.text == agent.key && lent.errors.isEmpty, "\(lent)")
            let kept = try await Command.run(
                testBed.ssh(["connect", job, Self.look], to: gateway, options: agent.unlentOptions))
            await expect(kept, status: 0, output: ["unset\n"], in: testBed)
        }
    }

    @Test func soDoesAProgramOnATerminal() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        try await SomeonesAgent.with(testBed) { agent in
            let finished = try await Command.start(
                testBed.ssh(["connect", job, "bash"], to: .trusting, options: ["-t"] + agent.options),
                terminal: try PseudoTerminal(columns: 200)
            ) { shell in
                try await shell.output.wait(for: "$ ")
                try await shell.write("ssh-add -L; echo status=$?\n")
                try await shell.output.wait(for: "status=0")
                try await shell.write("exit\n")
            }
            await expect(finished, status: 0, output: [String(agent.key.dropLast())], in: testBed)
        }
    }

    @Test(arguments: [Gateway.builds, .guarded, .impatient])
    func byDefaultNobodyCanLendOne(gateway: Gateway) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        try await SomeonesAgent.with(testBed) { agent in
            let finished = try await Command.run(
                testBed.ssh(["connect", job, Self.look], to: gateway, options: agent.options))
            await expect(finished, status: 0, in: testBed)
            #expect(finished.text == "unset\n", "\(finished)")
        }
    }

    /// Twenty connections stay open: sixteen are answered, in whatever order; the others are told at once, and there is
    /// room again when some have ended. The session's end waits for none.
    @Test func manyProgramsUseItAtOnce() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            "image: debian-build\ntasks:\n  - check: exit 1\n")
        let script = """
            cat >/tmp/many <<'END'
            use Socket;
            $SIG{PIPE} = 'IGNORE';
            my @all = map {
                socket(my $one, AF_UNIX, SOCK_STREAM, 0);
                connect($one, sockaddr_un($ENV{SSH_AUTH_SOCK})) or die "connect: $!";
                $one;
            } 1 .. 20;
            my ($answered, $refused) = (0, 0);
            for my $one (reverse @all) {
                syswrite($one, "\\0\\0\\0\\1\\x0b");
                if (sysread($one, my $answer, 4096)) { $answered++ } else { $refused++ }
            }
            print "$answered answered, $refused refused\\n";
            close STDOUT;
            sleep 1000 if @ARGV;
            END
            perl /tmp/many
            until ssh-add -L 2>/dev/null; do sleep 0.1; done
            setsid perl /tmp/many hold </dev/null >/tmp/answers 2>&1 &
            until grep answered /tmp/answers; do sleep 0.1; done
            exit 3
            """
        try await SomeonesAgent.with(testBed) { agent in
            let finished = try await Command.run(
                testBed.ssh(["connect", job, script], to: .trusting, options: agent.options),
                deadline: .seconds(120))
            await expect(finished, status: 3, in: testBed)
            let sentence = "16 answered, 4 refused\n"
            #expect(finished.text == "\(sentence)\(agent.key)\(sentence)", "\(finished)")
        }
        try await expectNobodyOnTheGateway(in: testBed)
        try await testBed.endBuilder(of: job)
    }

    /// More than any buffer on the way holds: a key with a very long comment goes to the agent, and comes back.
    @Test func longMessagesArriveWhole() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        try await SomeonesAgent.with(testBed) { agent in
            let script = """
                key=$(mktemp -u)
                ssh-keygen -q -t ed25519 -N '' -C "$(head -c 100000 /dev/zero | tr '\\0' x)" -f $key
                ssh-add -q $key && ssh-add -L | grep -c -F -x -f $key.pub && ssh-add -L | wc -l
                """
            let finished = try await Command.run(
                testBed.ssh(["connect", job, script], to: .trusting, options: agent.options))
            await expect(finished, status: 0, in: testBed)
            #expect(finished.text == "1\n2\n", "\(finished)")
        }
    }

    @Test func anAgentThatHasEndedEndsNothingElse() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        try await SomeonesAgent.with(testBed) { agent in
            let finished = try await Command.start(
                testBed.ssh(
                    [
                        "connect", job,
                        "ssh-add -L; read line; ssh-add -L >/dev/null 2>&1 || echo no answer; read line; echo $line",
                    ],
                    to: .trusting, options: agent.options)
            ) { client in
                try await client.output.wait(for: agent.key)
                await agent.end()
                try await client.write("\n")
                try await client.output.wait(for: "no answer\n")
                try await client.write("still here\n")
            }
            await expect(finished, status: 0, output: ["still here\n"], in: testBed)
        }
    }

    @Test func aBuilderThatWantsNoAgentIsNoneTheWorse() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit("image: debian\ntasks:\n  - check: exit 1\n")
        let changed = try await Command.run(
            testBed.ssh([
                "connect", job,
                """
                sudo sh -c 'sed -i "s/^AllowAgentForwarding yes/AllowAgentForwarding no/" /etc/ssh/sshd_config
                    kill -HUP $(cat /run/sshd.pid)'
                echo changed
                """,
            ]), deadline: .seconds(90))
        await expect(changed, status: 0, output: ["changed"], in: testBed)
        try await expectListening(job, in: testBed)
        try await SomeonesAgent.with(testBed) { agent in
            let finished = try await Command.run(
                testBed.ssh(["connect", job, Self.look], to: .trusting, options: agent.options))
            await expect(finished, status: 0, in: testBed)
            #expect(finished.text == "unset\n", "\(finished)")
        }
        try await testBed.endBuilder(of: job)
    }

    private static let look = "echo ${SSH_AUTH_SOCK-unset}; ssh-add -L >/dev/null 2>&1 && echo has one; true"
}
