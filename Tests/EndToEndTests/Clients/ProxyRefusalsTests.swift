import Testing
import World

/// Who does not get to a builder, and what does not count as one.
@Suite struct ProxyRefusalsTests {
    /// The client refuses it, whoever answers: the certificate is missing.
    @Test func aMachineWithoutTheCertificateIsNoBuilder() async throws {
        let world = try await SharedWorld.get()
        let alice = try await Equipped.person(in: world)
        let other = try await StandInBuilder.start(in: world)
        let refused = try await alice.run([
            "ssh", "-o", "ProxyCommand=busybox nc 127.0.0.1 \(other.port)", alice.builder("1"), "id",
        ])
        try await other.end()
        await expect(refused, status: 255, errors: ["Host key verification failed."], in: world)
        #expect(refused.output.isEmpty, "\(refused)")
    }

    @Test func aBuilderOfAnotherAuthorityIsRefused() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let alice = try await Equipped.person(in: world)
        let refused = try await alice.sh(
            """
            echo "@cert-authority job-*.$2 $3" >~/.ssh/another_authority
            ssh -o UserKnownHostsFile=~/.ssh/another_authority "$1" id
            """, alice.builder(job), World.publicHost, try await world.publicKey("stray_authority"))
        await expect(refused, status: 255, errors: ["Host key verification failed."], in: world)
        #expect(refused.output.isEmpty, "\(refused)")
    }

    /// The certificate names one builder, so another one's cannot take its place.
    @Test func anotherJobsBuilderIsRefused() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let alice = try await Equipped.person(in: world)
        let way = (["ssh"] + alice.gateway + ["proxy", job]).joined(separator: " ")
        let refused = try await alice.run([
            "ssh", "-o", "ProxyCommand=\(way)", alice.builder("1234567"), "id",
        ])
        await expect(refused, status: 255, errors: ["Host key verification failed."], in: world)
        #expect(refused.output.isEmpty, "\(refused)")
    }

    @Test func whoMayNotComeInIsToldWhy() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let gone = try await SharedJobs.freshWreck(world)
        try await world.endBuilder(of: gone)
        let alice = try await Equipped.person(in: world)
        let bob = try await Equipped.person("bob", in: world)
        for (person, job, status, sentence) in [
            (bob, job, 77, "Job \(job) belongs to alice, not to you (bob)."),
            (alice, "99999", 66, "There is no job 99999"),
            (alice, gone, 69, "Job \(gone)"),
        ] as [(Person, String, Int32, String)] {
            let refused = try await person.run(["ssh", person.builder(job), "id"])
            await expect(refused, status: 255, errors: ["sallyport: ", sentence], in: world)
            #expect(refused.output.isEmpty, "\(refused)")
            // The gateway's own answer, which OpenSSH's exit status hides.
            let answer = try await person.run(["ssh"] + person.gateway + ["proxy", person.builder(job)])
            await expect(answer, status: status, errors: [sentence], in: world)
            #expect(answer.output.isEmpty, "\(answer)")
        }
    }

    /// The gateway itself carries nothing else, whoever asks. (InstallTests has -L, -R and -W.)
    @Test func theGatewayForwardsAndCopiesNothing() async throws {
        let world = try await SharedWorld.get()
        let alice = Person(world: world, name: "alice")
        let refused = try await alice.sh(
            """
            ssh -f -N -M -S ~/gateway -o ExitOnForwardFailure=yes -D "$3" -L "$HOME/stream:/run/sallyport/api.sock" \
                "${@:1:2}" "$4" 2>/dev/null
            trap 'ssh -S ~/gateway -O exit "$4" 2>/dev/null' EXIT
            # 97: the SOCKS server, which is ssh, says no. Whatever answers to HTTP gives 0 or 1.
            curl --silent --socks5 "127.0.0.1:$3" "http://127.0.0.1:$2/" || echo "-D: $?"
            curl --silent --unix-socket ~/stream http://builds/ || echo "streamlocal: refused"
            ssh -S ~/gateway -O forward -R "/tmp/stream:127.0.0.1:$2" "$4" 2>/dev/null || echo "-R: $?"
            touch file
            for way in "scp -q" "scp -q -O" "sftp -q -b /dev/null"; do
                case $way in sftp*) to=$4 ;; *) to="file $4:" ;; esac
                $way -P "$2" $to >output 2>/dev/null || echo "$way: refused"
                [ ! -s output ]
            done
            """, alice.gateway[0], alice.gateway[1], "\(try World.freePort())", alice.gateway[2])
        await expect(refused, status: 0, in: world)
        #expect(
            refused.text == """
                -D: 97
                streamlocal: refused
                -R: 255
                scp -q: refused
                scp -q -O: refused
                sftp -q -b /dev/null: refused

                """, "\(refused)")
    }

    /// After the last connection of theirs nobody's key opens the builder.
    @Test func theWayInClosesBehindTheLast() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let alice = try await Equipped.person(in: world)
        let entered = try await alice.run(["ssh", alice.builder(job), "true"])
        await expect(entered, status: 0, in: world)
        try await expectNoSession(of: job, in: world)
        let builder = try #require(try await Operator(world: world).job(job).builder)
        let refused = try await alice.run([
            "ssh", "-o", "ProxyCommand=busybox nc 127.0.0.1 \(builder.port)", alice.builder(job), "id",
        ])
        await expect(refused, status: 255, errors: ["Permission denied (publickey)."], in: world)
    }
}
