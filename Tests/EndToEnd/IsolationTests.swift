import TestBed
import Testing

/// What a builder can reach, and who can pretend to be one.
@Suite struct IsolationTests {
    @Test func aBuilderReachesNeitherTheHostNorAnotherBuilder() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let other = try await SharedJobs.bobsWreck(testBed)
        let builder = try #require(try await Operator(testBed: testBed).job(other).builder)
        for port in [testBed.port(of: .builds), builder.port] {
            let fromHere = try await Command.run(["bash", "-c", ": </dev/tcp/127.0.0.1/\(port)"])
            await expect(fromHere, status: 0, in: testBed)
            for address in ["10.0.2.2", "127.0.0.1"] {
                let attempt =
                    "timeout 3 bash -c ': </dev/tcp/\(address)/\(port)' 2>/dev/null && echo open || echo closed"
                let fromThere = try await Command.run(testBed.ssh(["connect", job, attempt]))
                await expect(fromThere, status: 0, output: ["closed"], in: testBed)
            }
        }
    }

    /// A new host key on the same port: this is not the job's builder.
    @Test func aBuilderWithAnotherHostKeyIsRefused() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit("image: debian\ntasks:\n  - check: exit 1\n")
        let changed = try await Command.run(
            testBed.ssh([
                "connect", job,
                """
                sudo sh -c 'cd /etc/ssh && rm -f ssh_host_ed25519_key* && \
                ssh-keygen -q -t ed25519 -N "" -f ssh_host_ed25519_key && \
                kill -HUP $(cat /run/sshd.pid)' && echo changed
                """,
            ]), deadline: .seconds(90))
        await expect(changed, status: 0, output: ["changed"], in: testBed)
        try await expectListening(job, in: testBed)
        let refused = try await Command.run(testBed.ssh(["connect", job, "echo reached"]))
        await expect(refused, status: 78, errors: ["host key is not that of this job's machine"], in: testBed)
        #expect(refused.output.isEmpty, "\(refused)")
        try await testBed.endBuilder(of: job)
    }
}
