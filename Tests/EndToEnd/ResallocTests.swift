import TestBed
import Testing

/// Jobs on machines of a resalloc server.
@Suite struct ResallocTests {
    private static let failing = """
        pool: copr
        tasks:
          - check: |
              echo "here is $(id -un)"
              exit 3
        """

    private static func pool(_ server: ResallocServer) -> String {
        let words = server.command.map { "\"\($0)\"" }.joined(separator: ", ")
        return """
            [runner.pool.copr]
            kind = "command"
            max = 1
            command = [\(words)]
            host_key = "first-use"

            """
    }

    private static func builder(in testBed: TestBed) async throws -> StandInBuilder {
        try await StandInBuilder.start(
            in: testBed, options: ["-o", "AuthorizedKeysFile=.ssh/authorized_keys"])
    }

    /// A job fails there, people enter, and its ticket is closed when they leave.
    @Test func aJobOnAMachineOfTheServer() async throws {
        let testBed = try await SharedTestBed.get()
        let builder = try await Self.builder(in: testBed)
        let server = try await ResallocServer.start(for: builder)
        try await OwnRunner.with(
            testBed, size: "60m", at: testBed.orphanedSocket, more: Self.pool(server)
        ) { runner in
            await expect(try await runner.submit(Self.failing), status: 0, in: testBed)
            try await runner.wait(for: "the builder is kept", in: "logs/1/log")
            let log = try await runner.log("1")
            for line in [
                "ticket 1: waiting for a machine with builder",
                "ticket 1: copr_1 at 127.0.0.1 port \(builder.port)",
                "copr_1: nobody vouches for its host key", try await builder.fingerprint(),
            ] {
                #expect(log.contains(line), "\(log)")
            }
            #expect(try await runner.log("1", "check").contains("here is build\n"))
            let inside = try await Command.run(
                testBed.ssh(["connect", "1", "id -un; cat ~/.tasks/check"], to: .orphaned))
            await expect(inside, status: 0, output: ["build\n", "exit 3"], in: testBed)
            let shown = try await Command.run(testBed.ssh(["show", "1"], to: .orphaned))
            await expect(shown, status: 0, output: ["nobody vouches for it"], in: testBed)
            let released = try await Command.run(testBed.ssh(["release", "1", "--yes"], to: .orphaned))
            await expect(released, status: 0, in: testBed)
            #expect(try await server.openTickets() == "")
            await expect(
                try await runner.sallyport(["allocations"]), status: 0, output: ["taken back"], in: testBed)
        }
        try await builder.end()
    }

    /// Whatever the allocator was doing, the next runner closes what it has left.
    @Test(arguments: ["hold", "slow"])
    func aRunnerThatIsKilledWhileItAllocates(fault: String) async throws {
        let testBed = try await SharedTestBed.get()
        let builder = try await Self.builder(in: testBed)
        let server = try await ResallocServer.start(for: builder)
        try await server.begin(fault)
        try await OwnRunner.with(
            testBed, size: "60m", at: testBed.orphanedSocket, more: Self.pool(server)
        ) { runner in
            await expect(try await runner.submit(Self.failing), status: 0, in: testBed)
            try await server.wait(forTicket: 1)
            if fault == "hold" { try await runner.wait(for: "ticket 1: waiting", in: "logs/1/log") }
            try await runner.kill()
            try await server.end(fault)
            try await runner.start()
            // The job is allocated another machine then, or this one.
            try await runner.wait(for: "the builder is kept", in: "logs/1/log")
            let released = try await Command.run(testBed.ssh(["release", "1", "--yes"], to: .orphaned))
            await expect(released, status: 0, in: testBed)
            #expect(try await server.openTickets() == "")
        }
        try await builder.end()
    }

    /// Without a runner: SIGTERM closes the ticket at once, and after SIGKILL a release does.
    @Test(arguments: [("TERM", "hold"), ("TERM", "slow"), ("KILL", "hold"), ("KILL", "slow")])
    func anAllocatorThatIsEnded(signal: String, fault: String) async throws {
        let testBed = try await SharedTestBed.get()
        let server = try await ResallocServer.start(
            in: testBed, machine: "127.0.0.1", user: "build", identity: "/nowhere/key")
        try await server.begin(fault)
        let question = """
            {"allocation": "j1", "job": "1", "owner": {"id": "1", "name": "alice"}, "pool": "pool", "tags": [],
            "lifetime": 600, "authorized_keys": []}
            """
        let ended = try await testBed.run(
            [
                "/bin/sh", "-c",
                """
                folder=$1 signal=$2 fault=$3
                printf %s "$4" >"$folder/question"
                shift 4
                setsid "$@" <"$folder/question" 2>"$folder/said" &
                until [ -e "$folder/tickets/1" ]; do sleep 0.05; done
                [ "$fault" != hold ] || until grep -q '^ticket 1' "$folder/said"; do sleep 0.05; done
                kill -s "$signal" -- "-$!"
                rm "$folder/$fault"
                wait "$!"
                status=$?
                cat "$folder/said"
                exit "$status"
                """, "sh", server.folder, signal, fault, question,
            ] + server.command + ["allocate"])
        if signal == "TERM" {
            await expect(ended, status: 1, output: ["given up\n"], in: testBed)
        } else {
            await expect(ended, status: 137, in: testBed)
        }
        for _ in 1...2 {
            let released = try await testBed.run(
                server.command + ["release"], input: #"{"allocation": "j1", "entered": false}"#)
            await expect(released, status: 0, in: testBed)
        }
        #expect(try await server.openTickets() == "")
    }

    /// An authority speaks for the machine: its own keys are answered. Where another one does, nobody is let in.
    @Test func aMachineThatSomebodyVouchesFor() async throws {
        let testBed = try await SharedTestBed.get()
        let machine = try await RootMachine.start(
            in: testBed, configuration: "HostCertificate /etc/ssh/ssh_host_ed25519_key-cert.pub")
        let folder = machine.folder
        let certified = try await machine.shell(
            """
            for name in ours theirs; do
                ssh-keygen -q -t ed25519 -N '' -C '' -f \(folder)/$name
                echo "@cert-authority * $(cat \(folder)/$name.pub)" >\(folder)/$name.known
            done
            ssh-keygen -q -s \(folder)/ours -h -I copr_1 -n 127.0.0.1 /etc/ssh/ssh_host_ed25519_key.pub
            starts() { grep -c '^Server listening' \(folder)/log; }
            before=$(starts)
            kill -HUP "$(cat \(folder)/pid)"
            until [ "$(starts)" -gt "$before" ]; do sleep 0.05; done
            """)
        await expect(certified, status: 0, in: testBed)
        let key = try await machine.hostKey()
        let question = """
            {"allocation": "j1", "job": "1", "owner": {"id": "1", "name": "alice"}, "pool": "pool", "tags": [],
            "lifetime": 600, "authorized_keys": ["ssh-ed25519 SOMEBODY"]}
            """
        for (authority, isOurs) in [("theirs", false), ("ours", true)] {
            let server = try await ResallocServer.start(
                in: testBed, machine: "host: 127.0.0.1\nname: copr_1\nport: \(machine.port)", user: "root",
                identity: "\(folder)/runner", more: "known_hosts = \"\(folder)/\(authority).known\"")
            let answer = try await testBed.run(server.command + ["allocate"], input: question)
            let keys = try await machine.shell("cat ~/.ssh/authorized_keys")
            #expect(keys.text.contains("\nssh-ed25519 SOMEBODY\n# sallyport end\n") == isOurs, "\(keys)")
            if isOurs {
                await expect(answer, status: 0, output: ["\"host_keys\":[\"\(key)\"]"], in: testBed)
                let released = try await testBed.run(
                    server.command + ["release"], input: #"{"allocation": "j1", "entered": false}"#)
                await expect(released, status: 0, in: testBed)
            } else {
                await expect(
                    answer, status: 75,
                    errors: ["root could not log in: copr_1: Host key verification failed."],
                    in: testBed)
            }
            #expect(try await server.openTickets() == "")
        }
        try await machine.end()
    }
}
