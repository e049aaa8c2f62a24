import TestBed
import Testing

/// OpenSSH, with only the lines that `ssh-config` prints.
@Suite struct OpenSSHTests {
    @Test func aShellHasATerminalAndAnExitStatus() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let terminal = try PseudoTerminal(rows: 31, columns: 97)
        let finished = try await Command.start(
            testBed.inside(["ssh", alice.builder(job)], as: alice.name), terminal: terminal
        ) { shell in
            try await shell.write("stty size; tty; uname -n\n")
            try await shell.output.wait(for: "/dev/pts/")
            try terminal.resize(rows: 50, columns: 132)
            // The change travels on its own; ask until it has arrived.
            try await shell.write("until stty size | grep '^50 1''32'; do sleep 0.1; done\n")
            try await shell.output.wait(for: "50 132")
            try await shell.write("exit 7\n")
        }
        await expect(finished, status: 7, output: ["31 97", "builder"], in: testBed)
        #expect(terminal.isCooked)
    }

    @Test func megabytesGoBothWaysAsTheyAre() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let bytes = randomBytes(4_000_000)
        let finished = try await alice.run(
            ["ssh", alice.builder(job), "cat; echo apart >&2; exit 5"], input: bytes)
        await expect(finished, status: 5, errors: ["apart\n"], in: testBed)
        expectSame(finished.output, as: bytes)
    }

    /// The builder's sshd and the client agree on new keys all the time.
    @Test func newKeysUnderLoadLoseNothing() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let bytes = randomBytes(4_000_000)
        let finished = try await alice.run(
            ["ssh", "-v", "-o", "RekeyLimit=1M", alice.builder(job), "cat"], input: bytes,
            deadline: .seconds(120))
        await expect(finished, status: 0, in: testBed)
        expectSame(finished.output, as: bytes)
        let rekeyings = finished.errorText.split(separator: "SSH2_MSG_NEWKEYS received").count - 1
        #expect(rekeyings > 4, "\(rekeyings) exchanges of keys")
    }

    /// sort(1) writes nothing before its input has ended.
    @Test func theEndOfInputReachesTheBuilder() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let finished = try await alice.run(["ssh", alice.builder(job), "sort"], input: Array("b\na\n".utf8))
        await expect(finished, status: 0, in: testBed)
        #expect(finished.text == "a\nb\n", "\(finished)")
    }

    /// What each way of forwarding is asked for, on one connection that others share.
    @Test func everyKindOfForwardingWorks() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let finished = try await alice.sh(
            """
            host=$1 here=$2 there=$3 local=$4 dynamic=$5
            control="-o ControlPath=$HOME/.ssh/%C"
            mkdir -p www; echo "served at home" >www/index.html
            busybox httpd -f -p "127.0.0.1:$here" -h www & server=$!
            trap 'ssh $control -O exit "$host" 2>/dev/null; kill $server' EXIT

            ssh $control -f -N -o ControlMaster=yes -o ExitOnForwardFailure=yes -D "$dynamic" \\
                -L "$local:127.0.0.1:$there" -R "$there:127.0.0.1:$here" \\
                -L "$HOME/to-builder:/tmp/to-home" -R "/tmp/to-home:127.0.0.1:$here" "$host" >forwarding 2>&1 ||
                { echo "the first connection: $?"; cat forwarding; exit 1; }
            ssh $control "$host" 'mkdir -p www; echo "served at the builder" >www/index.html
                busybox httpd -p 127.0.0.1:8124 -h www; echo "shared connection"'

            try() { echo "$1: $(curl --silent --show-error --max-time 20 "${@:2}" 2>&1)"; }
            try "-D" --socks5-hostname "127.0.0.1:$dynamic" http://127.0.0.1:8124/
            try "-L and -R" "http://127.0.0.1:$local/"
            try "streamlocal" --unix-socket to-builder http://builder/
            echo "-W: $(printf 'GET / HTTP/1.0\\r\\n\\r\\n' | ssh -W 127.0.0.1:8124 "$host" | tail -n 1)"
            ssh $control "$host" 'exit 7' || echo "the last exit status: $?"
            """, alice.builder(job), "\(try TestBed.freePort())", "8123", "\(try TestBed.freePort())",
            "\(try TestBed.freePort())")
        await expect(finished, status: 0, in: testBed)
        #expect(
            finished.text == """
                shared connection
                -D: served at the builder
                -L and -R: served at home
                streamlocal: served at home
                -W: served at the builder
                the last exit status: 7

                """, "\(finished)")
    }

    /// A server in the builder that listens on one family of addresses is `localhost` for a forwarded port.
    @Test func aPortIsForwardedToLocalhostOfBothFamilies() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let finished = try await alice.sh(
            """
            ssh "$1" 'mkdir -p six && echo six >six/index.html && busybox httpd -p "[::1]:8126" -h six'
            printf 'GET / HTTP/1.0\\r\\n\\r\\n' | ssh -W localhost:8126 "$1" | tail -n 1
            """, alice.builder(job))
        await expect(finished, status: 0, in: testBed)
        #expect(finished.text == "six\n", "\(finished)")
    }

    /// The builder's host key can be ECDSA. The authority that certifies it is ed25519, so a client that knows nothing of
    /// that needs the plain key.
    @Test func aClientWithoutEd25519NeedsThePlainKeys() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let finished = try await alice.sh(
            """
            kex="-o KexAlgorithms=ecdh-sha2-nistp256"
            none="$kex -o HostKeyAlgorithms=ecdsa*,rsa-sha2* -o CASignatureAlgorithms=ecdsa*,rsa-sha2*"
            ssh $kex -o 'HostKeyAlgorithms=ecdsa*-cert-v01@openssh.com' "$1" 'echo certified'
            ssh $none "$1" 'echo in' || echo "not certified: $?"
            ssh -p $2 $3 known-hosts "$4" >plain
            ssh $none -o UserKnownHostsFile="$PWD/plain" "$1" 'echo plain'
            """, alice.builder(job), alice.gateway[1], alice.gateway[2], job)
        await expect(finished, status: 0, errors: ["Host key verification failed"], in: testBed)
        #expect(finished.text == "certified\nnot certified: 255\nplain\n", "\(finished)")
    }

    /// The person's own agent, and only when they say so.
    @Test func theAgentComesAlongOnRequest() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let script = """
            eval "$(ssh-agent -s)" >/dev/null
            trap 'ssh-agent -k >/dev/null' EXIT
            ssh-add -q ~/.ssh/id_ed25519
            ssh $2 "$1" ssh-add -L
            """
        let forwarded = try await alice.sh(script, alice.builder(job), "-A")
        await expect(forwarded, status: 0, in: testBed)
        #expect(forwarded.text.contains(try await testBed.publicKey("alice")), "\(forwarded)")
        let without = try await alice.sh(script, alice.builder(job), "-T")
        #expect(without.status == 2 && without.output.isEmpty, "\(without)")
    }

    /// At the gateway a certificate will do; the builder knows nothing of its authority, and lets the plain key in.
    @Test func aCertificateAtTheGatewayOpensTheBuilderToItsPlainKey() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let finished = try await alice.sh(
            """
            cd "$(mktemp -d)"
            cp ~/.ssh/id_ed25519 ~/.ssh/id_ed25519.pub .
            ssh-keygen -q -t ed25519 -N '' -f authority
            ssh-keygen -q -s authority -I somebody -n builds id_ed25519.pub
            key="-i $PWD/id_ed25519 -o IdentitiesOnly=yes"
            only="-o PubkeyAcceptedAlgorithms=*-cert-v01@openssh.com"
            ssh $key -o ProxyCommand="ssh -v $key $only -p $2 $3 proxy %h" "$1" 'exit 7'
            """, alice.builder(job), alice.gateway[1], alice.gateway[2])
        await expect(finished, status: 7, errors: ["Server accepts key: ", "ED25519-CERT"], in: testBed)
        try await expectNoSession(of: job, in: testBed)
        try await alice.expectNoWayIn(to: job)
    }

    /// The second connection continues after the first has ended: the key stays in the builder as long as it is needed.
    @Test func twoConnectionsAtOnceAreApart() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let command = "echo in; read -r word; echo \"$word\"; exit \"$word\""
        let second = try await alice.start(["ssh", alice.builder(job), command]) { second in
            let first = try await alice.start(["ssh", alice.builder(job), command]) { first in
                try await first.output.wait(for: "in\n")
                try await second.output.wait(for: "in\n")
                try await first.write("3\n")
            }
            await expect(first, status: 3, output: ["in\n3\n"], in: testBed)
            try await second.write("4\n")
        }
        await expect(second, status: 4, output: ["in\n4\n"], in: testBed)
        try await expectNobodyOnTheGateway(in: testBed)
        try await expectNoSession(of: job, in: testBed)
    }
}
