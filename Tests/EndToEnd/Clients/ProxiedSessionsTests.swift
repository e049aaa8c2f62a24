import TestBed
import Testing

/// A connection of a person's own client, as a session.
@Suite struct ProxiedSessionsTests {
    /// It is listed, and people inside are told when the builder is released, and by whom.
    @Test func aConnectionIsListedAndReleasedLikeOthers() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.freshWreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let finished = try await alice.start(
            ["ssh", alice.builder(job), "echo in; exec sleep 1000"]
        ) { client in
            try await client.output.wait(for: "in\n")
            let listed = try await alice.run(["ssh"] + alice.gateway + ["list"])
            await expect(listed, status: 0, in: testBed)
            let line = listed.text.split(separator: "\n").first { $0.contains(" \(job) ") }
            #expect(line?.contains("alice") == true, "\(listed)")
            let shown = try await alice.run(["ssh"] + alice.gateway + ["show", job, "--json"])
            await expect(shown, status: 0, output: ["\"proxy\""], in: testBed)
            let released = try await alice.run(["ssh"] + alice.gateway + ["release", job, "--yes"])
            await expect(released, status: 0, in: testBed)
        }
        await expect(
            finished, status: 255,
            errors: ["sallyport: The builder of job \(job) has ended: alice has released it."], in: testBed)
        try await expectNoBuilder(of: job, in: testBed)
        let late = try await alice.run(["ssh", alice.builder(job), "id"])
        await expect(late, status: 255, errors: ["Job \(job) failed", "its builder is gone."], in: testBed)
    }

    /// The builder's SSH server is a real one; what is said of it is made up.
    @Test func whatTheServiceAnnouncesIsToldOnStandardError() async throws {
        let testBed = try await SharedTestBed.get()
        let builder = try await StandInBuilder.start(
            in: testBed, options: ["-o", "AuthorizedKeysFile=.ssh/authorized_keys"])
        try await StandInBuilder.authorize(try await testBed.publicKey("alice") + "\n", in: testBed)
        let known = "\(testBed.client)/known_hosts.\(builder.port)"
        let hostKey = try await builder.hostKey()
        _ = try await testBed.run(["tee", known], input: "job-42 \(hostKey)\n")
        let job = AnnouncedJob(number: "42", port: builder.port, hostKey: hostKey)
        try await ScriptedService.serving(in: testBed) {
            job.answer($0)
        } _: {
            let finished = try await Command.start(
                testBed.proxied(to: .orphaned, knowing: known) + ["echo in; exec sleep 1000"],
                deadline: .seconds(60)
            ) { client in
                try await client.output.wait(for: "in\n")
                try await client.errors.wait(
                    for:
                        "\r\nsallyport: The builder ends in 1 minute unless you extend it"
                )
                job.end()
                await client.errors.waitForEnd()
            }
            // Only the gateway ends the connection: the machine keeps running.
            await expect(
                finished, status: 255,
                errors: ["\r\nsallyport: The builder of job 42 has ended: bob has released it."], in: testBed)
            // Nobody knows what a program shows there: what can wait is not said.
            #expect(!finished.errorText.contains("bob has entered"), "\(finished)")
            #expect(!finished.errorText.contains("The deadline has moved"), "\(finished)")
            #expect(finished.text == "in\n", "\(finished)")
        }
        try await builder.end()
    }

    /// Whom the job is shared with comes in with a key of their own; when it no longer is, they read so, and are out.
    @Test func aFriendComesInUntilTheJobIsNoLongerShared() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.freshWreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let bob = try await Equipped.person("bob", in: testBed)
        let shared = try await alice.run(["ssh"] + alice.gateway + ["share", job, "bob"])
        await expect(shared, status: 0, in: testBed)
        let finished = try await bob.start(
            ["ssh", bob.builder(job), "echo in; exec sleep 1000"]
        ) { client in
            try await client.output.wait(for: "in\n")
            let unshared = try await alice.run(["ssh"] + alice.gateway + ["unshare", job, "bob"])
            await expect(unshared, status: 0, in: testBed)
            await client.output.waitForEnd()
        }
        await expect(
            finished, status: 255,
            errors: [
                "sallyport: This session has ended: job \(job) is no longer open to you."
            ],
            in: testBed)
        try await expectNoSession(of: job, in: testBed)
        try await bob.expectNoWayIn(to: job)
        let owner = try await alice.run(["ssh", alice.builder(job), "exit 7"])
        await expect(owner, status: 7, in: testBed)
        try await testBed.endBuilder(of: job)
    }

    /// If the client, or the ssh that carries it, is killed in the middle of a transfer, nothing is left behind.
    @Test(arguments: ["$$", "$(pgrep -P $$)"])
    func aClientThatIsKilledLeavesNothingBehind(victim: String) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let before = try await testBed.audit(of: job).count
        let killed = try await alice.start([
            "bash", "-c",
            "echo $$ >victim; exec ssh \"$1\" 'head -c 1000000 | wc -c; cat >/dev/null' </dev/zero",
            "bash", alice.builder(job),
        ]) { client in
            try await client.output.wait(for: "1000000\n")
            let kill = try await alice.sh(
                "set -- $(cat victim); kill -KILL \(victim.replacing("$$", with: "$1"))")
            await expect(kill, status: 0, in: testBed)
        }
        #expect(killed.status != 0 && !killed.late, "\(killed)")
        try await expectNobodyOnTheGateway(in: testBed)
        try await expectNoSession(of: job, in: testBed)
        let audit = try await testBed.audit(of: job).dropFirst(before)
        #expect(!audit.contains { $0.contains("lease") }, "\(audit)")
        try await alice.expectNoWayIn(to: job)
    }
}
