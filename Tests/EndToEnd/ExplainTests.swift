import TestBed
import Testing

/// `sallyport explain` on a machine on which Sallyport is installed, with the real sshd and the real runner.
@Suite struct ExplainTests {
    private static let site = "/etc/ssh/sshd_config.d/10-site.conf"
    private static let dropIn = "/etc/ssh/sshd_config.d/50-sallyport.conf"

    /// What `explain` says, and what the person reads who really logs in: the same.
    @Test("what is said of a login is what becomes of it, and nothing happens") func explained() async throws
    {
        let testBed = try await SharedTestBed.get()
        try await InstalledMachine.with(testBed) { machine in
            await expect(try await machine.make("install"), status: 0, in: testBed)
            try await machine.start()
            let made = try await machine.run(
                """
                for name in alice bob eve; do ssh-keygen -q -t ed25519 -N '' -f "/run/$name"; done
                sallyport keys add alice /run/alice.pub
                sallyport keys add bob /run/bob.pub
                sallyport people suspend bob
                """)
            #expect(made.status == 0, "\(made)")
            for (name, command, status) in [
                ("alice", "whoami", 0), ("alice", "connect 1", 66), ("alice", "connect '1", 64),
                ("bob", "list", 77), ("eve", "list", 77),
            ] {
                let both = try await machine.run(
                    """
                    ssh -F /tmp/ssh_config -i /run/\(name) 127.0.0.1 "\(command)" 2>/run/said >/dev/null || :
                    sed -i 's/ \\[session .*//' /run/said; cat /run/said
                    sallyport explain --key /run/\(name).pub --from 127.0.0.1 -- "\(command)" || echo "not let in: $?"
                    """)
                let lines = both.text.split(separator: "\n").map(String.init)
                #expect(
                    lines.contains { $0.hasPrefix("service ") && $0.contains("GET /v1/keys/SHA256%3A") },
                    "\(both)")
                #expect(lines.contains("not let in: 1") == (status != 0), "\(both)")
                guard status != 0 else { continue }
                let said = lines.first { $0.hasPrefix("sallyport: ") } ?? ""
                let reads = lines.filter { $0.hasPrefix("reads ") }.map { $0.drop { $0 != ":" } }
                #expect(!said.isEmpty && reads.contains(said.drop { $0 != ":" }), "\(both)")
                #expect(lines.contains { $0.hasPrefix("status ") && $0.hasSuffix(" \(status)") }, "\(both)")
            }
            try await sshdRefuses(on: machine)
            try await somebodyLeaves(on: machine)
            try await onlyKnownKeysGetIn(on: machine)
        }
    }

    private func sshdRefuses(on machine: InstalledMachine) async throws {
        let told = try await machine.run(
            """
            ssh-keygen -q -k -f /run/revoked /run/alice.pub
            cp /run/alice.pub /run/revoked.txt
            for line in 'AllowUsers builds@10.0.0.0/8' 'PubkeyAcceptedAlgorithms rsa-sha2-512' 'RevokedKeys /run/revoked' \
                'RevokedKeys /run/revoked.txt' 'RevokedKeys /run/nothing' 'Match User builds\\n  PubkeyAuthentication no' \
                'Match User b*\\n  AuthorizedKeysCommand /bin/true\\n  AuthorizedKeysCommandUser nobody' \
                'Match User builds\\n  ForceCommand /bin/true'; do
                printf "$line\\n" >\(Self.site)
                sallyport explain --key /run/alice.pub -- whoami || echo "not let in: $?"
            done
            printf 'AllowUsers builds@10.0.0.0/8\\n' >\(Self.site)
            sallyport explain --key /run/alice.pub --from 10.1.2.3 -- whoami && echo "let in"
            rm \(Self.site)
            """)
        expectInOrder(
            told.text,
            [
                "AllowUsers does not name builds, for clients at 192.0.2.7", "Permission denied (publickey)",
                "not let in: 1", "PubkeyAcceptedAlgorithms does not contain ssh-ed25519", "not let in: 1",
                "RevokedKeys /run/revoked: the key is revoked", "not let in: 1",
                "RevokedKeys /run/revoked.txt: the key is revoked", "not let in: 1",
                "RevokedKeys /run/nothing cannot be read", "not let in: 1", "sshd accepts no keys",
                "not let in: 1", "sshd asks /bin/true", "to fix it", "not let in: 1",
                "ForceCommand is /bin/true",
                "not let in: 1", "let in",
            ])
    }

    private func somebodyLeaves(on machine: InstalledMachine) async throws {
        let told = try await machine.run(
            """
            sallyport people remove bob
            sallyport explain --key /run/bob.pub -- list || echo "not let in: $?"
            sallyport people list | grep bob
            sallyport people forget bob
            sallyport people list | grep bob || echo "nobody is called bob"
            sallyport people remove bob || echo "status $?"
            """)
        expectInOrder(
            told.text,
            ["does not know opens nothing", "not let in: 1", "bob", "nobody is called bob", "status 66"])
        #expect(told.errorText.contains("There is no person with this name."), "\(told)")
    }

    /// Then a stranger reads nothing of ours, and the reason is in the explanation alone. It leaves no answer behind, of a
    /// certificate neither.
    private func onlyKnownKeysGetIn(on machine: InstalledMachine) async throws {
        let told = try await machine.run(
            """
            sed -i 's/dispatch %u/dispatch --admission known %u/' \(Self.dropIn)
            sallyport explain --key /run/eve.pub -- list || echo "not let in: $?"
            sallyport explain --key "$(ssh-keygen -lf /run/eve.pub | cut -d ' ' -f 2)" -- list || echo "not let in: $?"
            sallyport explain --key "$(ssh-keygen -lf /run/alice.pub | cut -d ' ' -f 2)" -- list && echo "let in"
            ssh-keygen -q -s /tmp/authority -I x -n builds /run/eve.pub
            sallyport explain --key /run/eve-cert.pub -- list || echo "not let in: $?"
            [ -z "$(ls /run/sallyport/keys; ls /tmp | grep sallyport-explain)" ]
            mv /run/sallyport/api.sock /run/
            sallyport explain --key /run/alice.pub -- list || echo "not let in: $?"
            mv /run/api.sock /run/sallyport/
            setpriv --reuid=nobody --clear-groups sallyport explain --key /run/eve.pub || echo "status $?"
            """)
        let rule = "the dispatcher answers sshd only for keys that the build service knows"
        expectInOrder(
            told.text,
            [
                "dispatcher  prints nothing", rule, "Permission denied (publickey)", "not let in: 1",
                "nobody has a key with this fingerprint", rule, "not let in: 1", "let in",
                "dispatcher  prints nothing", rule, "not let in: 1", "dispatcher  prints nothing",
                "gives sshd no line", "not let in: 1", "status 77",
            ])
        #expect(told.status == 0 && told.errorText.contains("sudo sallyport explain"), "\(told)")
    }
}
