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
        let valid = try await machine.shell("TZ=UTC ssh-keygen -L -f /etc/ssh/ssh_host_ed25519_key.sallyport-cert.pub")
        #expect(valid.text.contains(" to 2099-01-01T00:00:0") || valid.text.contains(" to 2098-12-31T23:59:5"), "\(valid)")
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
