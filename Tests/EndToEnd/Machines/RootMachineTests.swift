import CommandBuilders
import Provider
import TestBed
import Testing

/// What the runner does on a machine of an allocator's on which it is root.
@Suite(.serialized)
struct RootMachineTests {
    /// A file of known_hosts with nothing but the authority, which people have.
    private func enters(as name: String, _ machine: RootMachine) async throws -> Bool {
        let entered = try await machine.testBed.run([
            "/bin/sh", "-c",
            """
            printf '@cert-authority * %s\\n' "$(cat "$0/authority.pub")" >"$0/known"
            exec ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -i "$0/runner" -o StrictHostKeyChecking=yes \
                -o UserKnownHostsFile="$0/known" -o GlobalKnownHostsFile=none -o HostKeyAlias="$2" -p "$1" \
                root@127.0.0.1 true
            """, machine.folder, "\(machine.port)", name,
        ])
        return entered.status == 0
    }

    @Test(.timeLimit(.minutes(2))) func peoplesOwnSSHRecognisesIt() async throws {
        let testBed = try await SharedTestBed.get()
        let machine = try await RootMachine.start(
            in: testBed, configuration: "Include /etc/ssh/sshd_config.d/*.conf")
        let provider = try await machine.provider(#", "host_keys": ["\#(try await machine.hostKey())"]"#)
        let builder = try await provider.allocate(RootMachine.request()) { _ in }
        #expect(try await !enters(as: "job-9", machine))
        // Twice, as after a restart of the runner.
        for _ in 1...2 {
            let ready = try await builder.waitUntilReady(within: 60)
            #expect(ready.isCertified)
        }
        #expect(try await enters(as: "job-9", machine))
        #expect(try await enters(as: "job-9.example.org", machine))
        #expect(try await !enters(as: "job-8", machine))
        let valid = try await machine.shell(
            "TZ=UTC ssh-keygen -L -f /etc/ssh/ssh_host_ed25519_key.sallyport-cert.pub")
        #expect(
            valid.text.contains(" to 2090-01-01T00:00:0") || valid.text.contains(" to 2089-12-31T23:59:5"),
            "\(valid)")
        try await machine.end()
    }

    /// The keys that it shows first are the ones that count from then on, for other runners, too.
    @Test(.timeLimit(.minutes(2))) func theFirstKeysCount() async throws {
        let testBed = try await SharedTestBed.get()
        let machine = try await RootMachine.start(in: testBed, configuration: "# nothing")
        let provider = try await machine.provider("") { $0.acceptsFirstKeys = true }
        let request = RootMachine.request()
        let builder = try await provider.allocate(request) { _ in }
        let key = try await machine.hostKey()
        let ready = try await builder.waitUntilReady(within: 60)
        #expect(ready == ReadyBuilder(isCertified: true, firstKeys: [key]))
        let allocation = Allocation(id: request.allocation, job: request.job, pool: "pool")
        let later = try await machine.provider("")
        let found = try #require(await later.reattach(allocation))
        #expect(found.hostKeys == [key])
        let again = try await found.waitUntilReady(within: 60)
        #expect(again == ready)
        // Another key, and nobody is taken for the machine.
        let changed = try await machine.shell(
            """
            rm /etc/ssh/ssh_host*
            ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
            starts() { grep -c '^Server listening' \(machine.folder)/log; }
            before=$(starts)
            kill -HUP "$(cat \(machine.folder)/pid)"
            until [ "$(starts)" -gt "$before" ]; do sleep 0.05; done
            rm "\(machine.folder)/pool/\(request.allocation)/ssh.sock"
            """)
        await expect(changed, status: 0, in: testBed)
        let other = try await machine.provider("")
        let stranger = try #require(await other.reattach(allocation))
        await #expect(throws: BuilderError.self) { _ = try await stranger.waitUntilReady(within: 5) }
        try await machine.end()
    }

    @Test(.timeLimit(.minutes(2))) func aCertificateThatDoesNotCountIsTakenBack() async throws {
        let testBed = try await SharedTestBed.get()
        let machine = try await RootMachine.start(
            in: testBed, configuration: "HostKeyAlgorithms ssh-ed25519")
        let provider = try await machine.provider(#", "host_keys": ["\#(try await machine.hostKey())"]"#)
        let before = try await machine.shell("cat /etc/ssh/sshd_config")
        let builder = try await provider.allocate(RootMachine.request()) { _ in }
        let ready = try await builder.waitUntilReady(within: 60)
        #expect(!ready.isCertified)
        let after = try await machine.shell("cat /etc/ssh/sshd_config; ls -R /etc/ssh | grep sallyport")
        #expect(after.text == before.text, "\(after)")
        try await machine.end()
    }
}
