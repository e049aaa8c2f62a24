import TestBed

/// A gateway of the test bed's machine that sshd serves on a pipe, one process for each login: `sshd -i`. It starts in
/// milliseconds, needs no port, and ends with its client.
struct InetdGateway: Sendable {
    let testBed: TestBed
    /// Lines of sshd_config(5), global ones, both before and after the drop-in.
    var settings: [String] = []
    /// Directives that are missing in the drop-in.
    var without: [String] = []
    /// Without the dispatcher: Alice's key, and no other, is let in with no forced command and no restriction. What is
    /// closed then is closed by the drop-in.
    var isLax = false

    /// Its files, which the scripts of `run` have as their working directory.
    static let folder = "/run/inetd-gateway"

    /// Runs a script of bash(1) where the gateway is: `ssh -F config login` is Alice's, `stranger` is Bob's; their
    /// keys and the others of the client are in $keys.
    func run(_ script: String) async throws -> Finished {
        let keys = [("login", "alice"), ("stranger", "bob")].map { host, person in
            """
            Host \(host)
                IdentityFile \(testBed.client)/\(person)
            """
        }
        let dropped = without.map { "-e '/^ *\($0) /d'" }
        let lax =
            isLax ? ["-e 's,^\\( *AuthorizedKeysCommand\\) .*,\\1 \(Self.folder)/dispatcher %t %k,'"] : []
        return try await testBed.onGateway([
            "/bin/bash", "-euc",
            """
            mkdir \(Self.folder)
            trap 'cat log >&2; rm -rf \(Self.folder)' EXIT
            cd \(Self.folder)
            touch log
            keys=\(testBed.client)
            # The account has a home with a file that sshd would run before its command.
            mkdir -p home/.ssh
            echo 'echo The rc file has run.' >home/.ssh/rc
            sed -E 's,^(builds:([^:]*:){4})/:,\\1\(Self.folder)/home:,' /etc/passwd >passwd
            mount --bind passwd /etc/passwd
            cat >dispatcher <<'END'
            #!/bin/sh
            [ "$1 $2" != "\(try await testBed.publicKey("alice"))" ] || echo "$1 $2"
            END
            chmod 755 dispatcher
            sed -e '' \((dropped + lax).joined(separator: " ")) /etc/ssh/sshd_config.d/50-sallyport.conf >50-sallyport.conf
            cat >sshd_config <<'END'
            HostKey /etc/sallyport/ssh_host_ed25519_key
            UsePAM no
            \(settings.joined(separator: "\n"))
            Include \(Self.folder)/50-sallyport.conf
            \(settings.joined(separator: "\n"))
            END
            echo "gateway $(cut -d ' ' -f 1,2 /etc/sallyport/ssh_host_ed25519_key.pub)" >known_hosts
            cat >config <<'END'
            \(keys.joined(separator: "\n"))
            Host *
                ProxyCommand /usr/sbin/sshd -i -f \(Self.folder)/sshd_config -E \(Self.folder)/log
                User builds
                HostKeyAlias gateway
                UserKnownHostsFile \(Self.folder)/known_hosts
                IdentitiesOnly yes
                BatchMode yes
            END
            \(script)
            """,
        ])
    }
}
