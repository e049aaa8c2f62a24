import Testing
import World

/// Admission `known`: sshd gets a line only for keys that the build service knows, and gets it, or nothing, in time.
@Suite struct AdmissionTests {
    @Test func onlyKnownKeysAreLetIn() async throws {
        let world = try await SharedWorld.get()
        let greeted = try await Command.run(world.ssh([], to: .choosy))
        await expect(greeted, status: 0, output: ["Hello alice."], in: world)
        let refused = try await Command.run(world.ssh([], to: .choosy, as: "mallory"))
        await expect(refused, status: 255, errors: ["Permission denied (publickey)."], in: world)
        let reasons = try await world.log("syslog").split(separator: "\n").filter {
            $0.contains("no line: key")
        }
        #expect(reasons.contains { $0.contains("is not known") }, "\(reasons)")
    }

    /// A key that becomes known is let in as soon as the answer about it is five seconds old.
    @Test func aNewKeyIsLetInAtOnceOrSoon() async throws {
        let world = try await SharedWorld.get()
        try await world.makeKey("newcomer", ["-t", "ed25519"])
        let line = try await lookUp("newcomer", in: world)
        #expect(line.output.isEmpty, "\(line)")
        let added = try await Operator(world: world).addKey(of: "newcomer")
        await expect(added, status: 0, in: world)
        let start = ContinuousClock.now
        while try await lookUp("newcomer", in: world).output.isEmpty, start.duration(to: .now) < .seconds(20)
        {}
        #expect(start.duration(to: .now) < .seconds(10))
    }

    @Test func theLineIsTheSame() async throws {
        let world = try await SharedWorld.get()
        let known = try await lookUp("alice", in: world)
        let any = try await lookUp("alice", admission: "any", in: world)
        await expect(known, status: 0, in: world)
        #expect(!known.output.isEmpty && known.output == any.output, "\(known)\n\(any)")
    }

    /// While the service is away, keys that were known a moment ago are; nobody else is, and sshd never waits.
    @Test func anOutageIsSurvivedByThoseWhoWereKnown() async throws {
        let world = try await SharedWorld.get()
        _ = try await lookUp("alice", in: world)
        try await world.makeKey("latecomer", ["-t", "ed25519"])
        try await world.stopRunner()
        let (alice, aliceTook): (Finished, Duration)
        let (latecomer, latecomerTook): (Finished, Duration)
        do {
            // Older than what is not asked again, younger than what is not believed any more.
            try await world.ageKeyCache(by: 20)
            (alice, aliceTook) = try await timed { try await lookUp("alice", in: world) }
            (latecomer, latecomerTook) = try await timed { try await lookUp("latecomer", in: world) }
        } catch {
            try await world.continueRunner()
            throw error
        }
        try await world.continueRunner()
        await expect(alice, status: 0, output: ["restrict,pty,command="], in: world)
        await expect(latecomer, status: 0, in: world)
        #expect(latecomer.output.isEmpty, "\(latecomer)")
        #expect(aliceTook < .seconds(3) && latecomerTook < .seconds(3), "\(aliceTook) \(latecomerTook)")
        try await world.ageKeyCache(by: 0)
    }

    private func timed(_ body: () async throws -> Finished) async throws -> (Finished, Duration) {
        let start = ContinuousClock.now
        let finished = try await body()
        return (finished, start.duration(to: .now))
    }

    /// As sshd does it.
    private func lookUp(_ name: String, admission: String = "known", in world: World) async throws -> Finished
    {
        let words = try await world.publicKey(name).split(separator: " ").map(String.init)
        return try await world.onGateway([
            "setpriv", "--reuid", "sallyport-keys", "--regid", "sallyport-keys", "--clear-groups",
            DispatchTests.program, "--admission", admission, "builds", "/", words[0], words[1],
        ])
    }
}
