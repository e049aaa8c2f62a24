import Testing
import World

/// What a builder can reach, and who can pretend to be one.
@Suite struct IsolationTests {
    @Test func aBuilderReachesNeitherTheHostNorAnotherBuilder() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let other = try await SharedJobs.bobsWreck(world)
        let builder = try #require(try await Operator(world: world).job(other).builder)
        for port in [world.port(of: .builds), builder.port] {
            let fromHere = try await Command.run(["bash", "-c", ": </dev/tcp/127.0.0.1/\(port)"])
            await expect(fromHere, status: 0, in: world)
            for address in ["10.0.2.2", "127.0.0.1"] {
                let attempt =
                    "timeout 3 bash -c ': </dev/tcp/\(address)/\(port)' 2>/dev/null && echo open || echo closed"
                let fromThere = try await Command.run(world.ssh(["connect", job, attempt]))
                await expect(fromThere, status: 0, output: ["closed"], in: world)
            }
        }
    }

    /// A new host key on the same port: this is not the job's builder.
    @Test func aBuilderWithAnotherHostKeyIsRefused() async throws {
        let world = try await SharedWorld.get()
        let job = try await Operator(world: world).submit("image: debian\ntasks:\n  - check: exit 1\n")
        let changed = try await Command.run(
            world.ssh([
                "connect", job,
                """
                sudo sh -c 'cd /etc/ssh && rm -f ssh_host_ed25519_key* && \
                ssh-keygen -q -t ed25519 -N "" -f ssh_host_ed25519_key && \
                kill -HUP $(cat /run/sshd.pid)' && echo changed
                """,
            ]), deadline: .seconds(90))
        await expect(changed, status: 0, output: ["changed"], in: world)
        try await expectListening(job, in: world)
        let refused = try await Command.run(world.ssh(["connect", job, "echo reached"]))
        await expect(refused, status: 78, errors: ["host key is not that of this job's machine"], in: world)
        #expect(refused.output.isEmpty, "\(refused)")
        try await world.endBuilder(of: job)
    }
}
