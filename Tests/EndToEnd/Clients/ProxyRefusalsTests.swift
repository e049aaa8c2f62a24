import TestBed
import Testing

/// Who cannot reach a builder, and what is not accepted as one.
@Suite struct ProxyRefusalsTests {
    /// The client refuses any other server: the certificate is missing.
    @Test func aMachineWithoutTheCertificateIsNoBuilder() async throws {
        let testBed = try await SharedTestBed.get()
        let alice = try await Equipped.person(in: testBed)
        let other = try await StandInBuilder.start(in: testBed)
        let refused = try await alice.run([
            "ssh", "-o", "ProxyCommand=busybox nc 127.0.0.1 \(other.port)", alice.builder("1"), "id",
        ])
        try await other.end()
        await expect(refused, status: 255, errors: ["Host key verification failed."], in: testBed)
        #expect(refused.output.isEmpty, "\(refused)")
    }

    @Test func aBuilderOfAnotherAuthorityIsRefused() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let refused = try await alice.sh(
            """
            echo "@cert-authority job-*.$2 $3" >~/.ssh/another_authority
            ssh -o UserKnownHostsFile=~/.ssh/another_authority "$1" id
            """, alice.builder(job), TestBed.publicHost, try await testBed.publicKey("stray_authority"))
        await expect(refused, status: 255, errors: ["Host key verification failed."], in: testBed)
        #expect(refused.output.isEmpty, "\(refused)")
    }

    /// The certificate names one builder, so another one's cannot take its place.
    @Test func anotherJobsBuilderIsRefused() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let way = (["ssh"] + alice.gateway + ["proxy", job]).joined(separator: " ")
        let refused = try await alice.run([
            "ssh", "-o", "ProxyCommand=\(way)", alice.builder("1234567"), "id",
        ])
        await expect(refused, status: 255, errors: ["Host key verification failed."], in: testBed)
        #expect(refused.output.isEmpty, "\(refused)")
    }

    @Test func whoMayNotComeInIsToldWhy() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let bob = try await Equipped.person("bob", in: testBed)
        for (person, job, status, sentence) in [
            (bob, job, 77, "Job \(job) belongs to alice, not to you (bob, by the key SHA256:"),
            (alice, "99999", 66, "There is no job 99999"),
        ] as [(Person, String, Int32, String)] {
            let refused = try await person.run(["ssh", person.builder(job), "id"])
            await expect(refused, status: 255, errors: ["sallyport: ", sentence], in: testBed)
            #expect(refused.output.isEmpty, "\(refused)")
            // The gateway's own answer, which OpenSSH's exit status hides.
            let answer = try await person.run(["ssh"] + person.gateway + ["proxy", person.builder(job)])
            await expect(answer, status: status, errors: [sentence], in: testBed)
            #expect(answer.output.isEmpty, "\(answer)")
        }
    }

    /// The gateway itself carries nothing else, for anyone. (InstallTests has an sshd as Debian sets it up.)
    @Test func theGatewayForwardsAndCopiesNothing() async throws {
        let testBed = try await SharedTestBed.get()
        let alice = Person(testBed: testBed, name: "alice")
        let refused = try await alice.sh(
            """
            port=$1 dynamic=$2 local=$3 gateway=$4 service=$5
            ssh -f -N -M -S ~/gateway -E gateway.log -o ExitOnForwardFailure=yes -D "$dynamic" \
                -L "$local:127.0.0.1:$port" -L "$HOME/stream:$service" -p "$port" "$gateway"
            trap 'ssh -S ~/gateway -O exit "$gateway" 2>/dev/null' EXIT
            # The first connection tells what the gateway has said to what came through it.
            refusals=0
            refused() {
                refusals=$((refusals + 1))
                for attempt in $(seq 100); do
                    [ "$(grep -c ': open failed: ' gateway.log)" != $refusals ] ||
                        { echo "$1: refused"; return; }
                    sleep 0.1
                done
                cat gateway.log
            }
            get() { if curl --silent --max-time 20 "$@"; then echo "an answer came"; fi; }
            get --socks5 "127.0.0.1:$dynamic" "http://127.0.0.1:$port/"; refused "-D"
            get "http://127.0.0.1:$local/"; refused "-L"
            get --unix-socket stream http://builds/; refused "streamlocal"
            ssh -S ~/gateway -O forward -R "/tmp/stream:127.0.0.1:$port" "$gateway" 2>/dev/null || echo "-R: refused"
            ssh -W "127.0.0.1:$port" -p "$port" "$gateway" || echo "-W: refused"
            touch file
            for way in "scp -q" "scp -q -O" "sftp -q -b /dev/null"; do
                case $way in sftp*) to=$gateway ;; *) to="file $gateway:" ;; esac
                $way -P "$port" $to >output 2>/dev/null || echo "$way: refused"
                [ ! -s output ]
            done
            """, "\(testBed.port(of: .builds))", "\(try TestBed.freePort())", "\(try TestBed.freePort())",
            alice.gateway[2], testBed.serviceSocket)
        await expect(
            refused, status: 0, errors: ["administratively prohibited", "stdio forwarding failed"],
            in: testBed)
        #expect(
            refused.text == """
                -D: refused
                -L: refused
                streamlocal: refused
                -R: refused
                -W: refused
                scp -q: refused
                scp -q -O: refused
                sftp -q -b /dev/null: refused

                """, "\(refused)")
    }

    /// `ssh -N` is a connection that nobody has asked about: it costs no claim, and does not last.
    @Test func aConnectionWithoutASessionIsClosedByTheGateway() async throws {
        let testBed = try await SharedTestBed.get()
        let closed = try await Command.run(testBed.ssh([], to: .impatient, options: ["-N"]))
        await expect(closed, status: 255, errors: ["closed by remote host"], in: testBed)
        #expect(closed.output.isEmpty, "\(closed)")
    }

    /// After a person's last connection, the builder no longer accepts their key.
    @Test func theWayInClosesBehindTheLast() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let entered = try await alice.run(["ssh", alice.builder(job), "true"])
        await expect(entered, status: 0, in: testBed)
        try await expectNoSession(of: job, in: testBed)
        try await alice.expectNoWayIn(to: job)
    }
}
