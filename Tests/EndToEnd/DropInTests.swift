import TestBed
import Testing

/// The drop-in beside whatever else sshd's configuration says: the account works, and stays closed.
@Suite struct DropInTests {
    /// Global settings that would break or open the account, and a login that shows it.
    struct Hostile: Sendable, CustomTestStringConvertible {
        let settings: [String]
        /// Whether the drop-in alone keeps the account closed, without the options that the dispatcher prints.
        var isLax = false
        let login: String
        /// What the login prints only if the drop-in overrides the settings.
        let expected: String

        var testDescription: String { settings.joined(separator: "; ") }
        var directives: [String] { settings.map { String($0.prefix { $0 != " " }) } }
    }

    private static let whoami = "ssh -F config login whoami"

    static let hostile = [
        Hostile(settings: ["ForceCommand /bin/echo forced"], login: whoami, expected: "alice"),
        Hostile(settings: ["PubkeyAuthentication no"], login: whoami, expected: "alice"),
        Hostile(settings: ["AuthenticationMethods password"], login: whoami, expected: "alice"),
        Hostile(settings: ["ChrootDirectory /run/sshd"], login: whoami, expected: "alice"),
        Hostile(settings: ["MaxSessions 0"], login: whoami, expected: "alice"),
        Hostile(settings: ["ExposeAuthInfo no"], login: whoami, expected: "alice"),
        Hostile(
            settings: ["AuthorizedKeysCommand /bin/true", "AuthorizedKeysCommandUser nobody"], login: whoami,
            expected: "alice"),
        Hostile(
            settings: ["PermitTTY no"], login: "ssh -F config -tt login whoami </dev/null", expected: "alice"),
        Hostile(
            settings: ["SetEnv SSH_ORIGINAL_COMMAND=version"], login: "ssh -F config login </dev/null",
            expected: "Hello alice."),
        Hostile(
            settings: ["MaxAuthTries 1"], isLax: true,
            login: "ssh -F config -i $keys/bob login echo inside", expected: "inside"),
        Hostile(
            settings: [
                "AuthenticationMethods password", "PasswordAuthentication yes",
                "KbdInteractiveAuthentication yes",
                "HostbasedAuthentication yes", "GSSAPIAuthentication yes", "KerberosAuthentication yes",
            ], login: "ssh -F config -o PubkeyAuthentication=no login",
            expected: "Permission denied (publickey)."),
        Hostile(
            settings: ["AuthorizedKeysFile /etc/sallyport/stray_authorized_keys"], isLax: true,
            login: "ssh -F config stranger id", expected: "Permission denied (publickey)."),
        Hostile(
            settings: [
                "TrustedUserCAKeys /etc/sallyport/stray_authority.pub",
                "AuthorizedPrincipalsFile /etc/hostname", "AuthorizedPrincipalsCommand /bin/echo builds",
                "AuthorizedPrincipalsCommandUser nobody",
            ], isLax: true,
            login: """
                cp $keys/bob $keys/bob.pub .
                ssh-keygen -q -s $keys/stray_authority -I x -n builds bob.pub
                ssh -F config -i bob stranger id
                """, expected: "Permission denied (publickey)."),
        Hostile(
            settings: ["AllowTcpForwarding yes"], isLax: true,
            login: "ssh -F config -W 127.0.0.1:1 login", expected: "administratively prohibited"),
        Hostile(
            settings: ["AllowTcpForwarding yes", "GatewayPorts yes"], isLax: true,
            login: "ssh -F config -o ExitOnForwardFailure=yes -R 0:127.0.0.1:1 login true",
            expected: "forwarding failed"),
        Hostile(
            settings: [
                "AllowStreamLocalForwarding yes", "AllowTcpForwarding yes", "StreamLocalBindUnlink yes",
            ], isLax: true,
            login: "ssh -F config -o ExitOnForwardFailure=yes -R /tmp/inetd-gateway:/none login true",
            expected: "forwarding failed"),
        Hostile(
            settings: ["AllowAgentForwarding yes"], isLax: true,
            login: "ssh-agent ssh -F config -A login 'echo agent: ${SSH_AUTH_SOCK-none}'",
            expected: "agent: none"),
        Hostile(
            settings: ["X11Forwarding yes", "XAuthLocation /bin/true"], isLax: true,
            login: "DISPLAY=:9 ssh -F config -Y login 'echo display: ${DISPLAY-none}'",
            expected: "display: none"),
        Hostile(
            settings: ["PermitUserRC yes"], isLax: true,
            login: "ssh -F config login 'echo done' | tr '\\n' ' ' | sed 's/^/printed: /'",
            expected: "printed: done "),
        Hostile(
            settings: ["AcceptEnv *"], isLax: true,
            login: "ssh -F config -o SetEnv=FORGED=yes login 'echo forged: ${FORGED-none}'",
            expected: "forged: none"),
    ]

    /// Those whose effect takes long to see, or needs what a container has not.
    static let slow = [
        "DisableForwarding yes", "PermitTunnel yes", "ClientAliveInterval 1", "ClientAliveCountMax 0",
        "UnusedConnectionTimeout 1", "ChannelTimeout session=1",
    ]

    /// Without the drop-in's own line the same setting does its harm: none of these tests is about nothing.
    @Test(arguments: hostile)
    func whatTheRestSaysChangesNothing(hostile: Hostile) async throws {
        let testBed = try await SharedTestBed.get()
        var gateway = InetdGateway(testBed: testBed, settings: hostile.settings, isLax: hostile.isLax)
        let login = "{ \(hostile.login)\n} 2>&1 && echo status: 0 || echo status: $?"
        let kept = try await gateway.run(login)
        #expect(kept.text.contains(hostile.expected), "\(kept)")
        gateway.without = hostile.directives
        let changed = try await gateway.run(login)
        #expect(
            changed.text.contains("status: ") && !changed.text.contains(hostile.expected), "\(changed)")
    }

    /// What docs/installation.md tells administrators to look at.
    @Test func sshdSaysWhatAnEarlierBlockOverrides() async throws {
        let testBed = try await SharedTestBed.get()
        let settings = Self.hostile.flatMap(\.settings) + Self.slow
        let overridden = try await InetdGateway(testBed: testBed, settings: settings).run(Self.overridden)
        await expect(overridden, status: 0, in: testBed)
        #expect(overridden.text == "Match User builds\n", "\(overridden)")

        let earlier = ["Match User *", "PermitTTY no", "Match all"]
        let found = try await InetdGateway(testBed: testBed, settings: earlier).run(Self.overridden)
        #expect(found.text == "Match User builds\nPermitTTY yes\n", "\(found)")

        let own = try await InetdGateway(testBed: testBed).run(
            "sed -n 's/^    \\([A-Z][A-Za-z0-9]*\\) .*/\\1/p' 50-sallyport.conf")
        let attacked = Set(settings.map { $0.prefix { $0 != " " } })
        for directive in own.text.split(separator: "\n") {
            #expect(attacked.contains(directive), "no test tries to override \(directive)")
        }
    }

    private static let overridden = """
        /usr/sbin/sshd -T -f sshd_config -C user=builds,host=client.example.org,addr=192.0.2.7 >effective
        sed 's/^ *//' 50-sallyport.conf | grep '^[A-Z]' | grep -ivxFf effective
        """

    /// What a `Match` block can set, and the drop-in does not: with the reason.
    static let left: [(reason: String, directives: [String])] = [
        (
            "who may log in, and from where, is the host's own rule",
            ["AllowUsers", "DenyUsers", "AllowGroups", "DenyGroups", "RefuseConnection", "RDomain"]
        ),
        (
            "so are the keys and algorithms that it accepts",
            [
                "RevokedKeys", "PubkeyAcceptedAlgorithms", "PubkeyAuthOptions", "CASignatureAlgorithms",
                "RequiredRSASize", "RekeyLimit",
            ]
        ),
        ("so is what it says and logs", ["Banner", "LogLevel", "LogVerbose", "IPQoS"]),
        (
            "it is about something that the drop-in closes",
            [
                "PermitOpen", "PermitListen", "GatewayPorts", "StreamLocalBindMask", "StreamLocalBindUnlink",
                "X11DisplayOffset", "X11UseLocalhost", "HostbasedAcceptedAlgorithms",
                "HostbasedUsesNameFromPacketOnly", "IgnoreRhosts", "PermitEmptyPasswords",
                "AuthorizedPrincipalsCommandUser",
            ]
        ),
        ("it is about root", ["PermitRootLogin"]),
        ("the forced command replaces it, or it is PAM's", ["Subsystem", "PAMServiceName"]),
        ("it is no setting", ["Include", "Match"]),
    ]

    /// A later OpenSSH that lets `Match` set something else makes us decide about it.
    @Test func everyDirectiveIsSetOrLeftForAReason() async throws {
        let testBed = try await SharedTestBed.get()
        let found = try await InetdGateway(testBed: testBed).run(
            """
            names=$(/usr/sbin/sshd -T -f sshd_config | cut -d ' ' -f 1 | sort -u)
            for name in $names; do
                printf 'HostKey /etc/sallyport/ssh_host_ed25519_key\\nMatch User builds\\n%s yes\\n' "$name" >probe
                /usr/sbin/sshd -t -f probe 2>&1 | grep -q 'not allowed within a Match' || echo "$name"
            done
            sed -n 's/^    \\([A-Z][A-Za-z0-9]*\\) .*/set \\1/p' 50-sallyport.conf
            """)
        await expect(found, status: 0, output: ["permittty\n", "set PermitTTY\n"], in: testBed)
        let lines = found.text.lowercased().split(separator: "\n")
        let set = lines.filter { $0.hasPrefix("set ") }.map { $0.dropFirst(4) }
        let known = Set(set.map(String.init) + Self.left.flatMap(\.directives).map { $0.lowercased() })
        for name in lines where !name.hasPrefix("set ") {
            #expect(
                known.contains(String(name)), "the drop-in neither sets \(name) nor leaves it for a reason")
        }
    }
}
