import TestBed
import Testing

/// PuTTY's plink and dropbear's dbclient, at the gateway and through it.
@Suite struct OtherClientsTests {
    /// 8-bit clean both ways, with the command's own exit status.
    @Test(arguments: OtherClient.allCases)
    func bytesAndTheExitStatusGoThroughConnect(client: OtherClient) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = Person(testBed: testBed, name: "alice")
        let bytes = randomBytes(200_000)
        let finished = try await alice.run(
            try await client.gateway(of: alice) + ["connect \(job) cat; echo done >&2; exit 5"],
            input: bytes)
        await expect(finished, status: 5, errors: ["done"], in: testBed)
        expectSame(finished.output, as: bytes)
    }

    /// The same with the builder's own SSH server, whose key `known-hosts` tells.
    @Test(arguments: OtherClient.allCases)
    func bytesAndTheExitStatusGoThroughTheProxy(client: OtherClient) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = Person(testBed: testBed, name: "alice")
        let bytes = randomBytes(200_000)
        let line = try await client.builder(job, of: alice) + ["cat; echo done >&2; exit 5"]
        let finished = try await alice.run(line, input: bytes)
        await expect(finished, status: 5, errors: ["done"], in: testBed)
        expectSame(finished.output, as: bytes)
        try await expectNoSession(of: job, in: testBed)
    }

    @Test(arguments: OtherClient.allCases)
    func aTerminalIsATerminal(client: OtherClient) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = Person(testBed: testBed, name: "alice")
        let line = try await client.gateway(of: alice, options: ["-t"])
        let finished = try await Command.start(
            testBed.inside(line + ["connect \(job) bash --norc"], as: "alice"),
            terminal: try PseudoTerminal(rows: 31, columns: 97)
        ) { shell in
            try await shell.write("stty size; tty\n")
            try await shell.output.wait(for: "/dev/pts/")
            try await shell.write("exit 4\n")
        }
        await expect(finished, status: 4, output: ["31 97"], in: testBed)
    }

    @Test(arguments: OtherClient.allCases)
    func tailShowsTheLogAndHowTheJobEnded(client: OtherClient) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = Person(testBed: testBed, name: "alice")
        let finished = try await alice.run(try await client.gateway(of: alice) + ["tail \(job)"])
        await expect(finished, status: 1, output: ["[make] made\n", "task check: exit 3\n"], in: testBed)
    }

    @Test(arguments: OtherClient.allCases)
    func anotherHostKeyIsRefusedByTheClient(client: OtherClient) async throws {
        let testBed = try await SharedTestBed.get()
        let alice = Person(testBed: testBed, name: "alice")
        let words = try await testBed.publicKey("bob").split(separator: " ").prefix(2).joined(separator: " ")
        let line = try await client.gateway(of: alice, hostKey: words)
        let refused = try await alice.run(line + ["whoami"])
        #expect(refused.status != 0 && refused.output.isEmpty, "\(refused)")
        #expect(refused.errorText.lowercased().contains("host key"), "\(refused)")
    }
}
