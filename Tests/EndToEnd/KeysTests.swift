import Testing
import World

/// Who can log in, and with which kind of key.
@Suite struct KeysTests {
    @Test(arguments: [["ed25519"], ["ecdsa", "-b", "256"], ["rsa", "-b", "3072"]])
    func aKeyOfAnyUsualTypeLogsIn(kind: [String]) async throws {
        let world = try await SharedWorld.get()
        let name = "alice_\(kind[0])"
        try await world.makeKey(name, ["-t"] + kind)
        let added = try await Operator(world: world).addKey(of: "alice", file: "\(world.client)/\(name).pub")
        await expect(added, status: 0, in: world)
        let greeting = try await Command.run(
            world.ssh([], options: ["-o", "IdentityFile=none", "-i", "\(world.client)/\(name)"]))
        await expect(greeting, status: 0, output: ["alice"], in: world)
    }

    /// Forced, since the client would otherwise fall back to the plain key without a word.
    @Test func aCertificateLogsInAsTheOwnerOfThePlainKey() async throws {
        let world = try await SharedWorld.get()
        try await world.makeKey("authority", ["-t", "ed25519"])
        try await world.makeKey("alice_certified", ["-t", "ed25519"])
        let signed = try await Command.run([
            "ssh-keygen", "-q", "-s", "\(world.client)/authority", "-I", "bob", "-n", "builds",
            "\(world.client)/alice_certified.pub",
        ])
        await expect(signed, status: 0, in: world)
        let added = try await Operator(world: world).addKey(
            of: "alice", file: "\(world.client)/alice_certified.pub")
        await expect(added, status: 0, in: world)
        let greeting = try await Command.run(
            world.ssh(
                [],
                options: [
                    "-o", "PubkeyAcceptedAlgorithms=*-cert-v01@openssh.com", "-o", "IdentityFile=none", "-i",
                    "\(world.client)/alice_certified",
                ]))
        await expect(greeting, status: 0, output: ["alice"], in: world)
        #expect(try await world.log("sshd-builds").contains("ED25519-CERT"))
    }

    /// An authority that someone has made proves nothing about who they are.
    @Test func aCertificateOfAnUnknownKeyIsUnknown() async throws {
        let world = try await SharedWorld.get()
        try await world.makeKey("authority", ["-t", "ed25519"])
        try await world.makeKey("stranger_certified", ["-t", "ed25519"])
        _ = try await Command.run([
            "ssh-keygen", "-q", "-s", "\(world.client)/authority", "-I", "alice", "-n", "builds",
            "\(world.client)/stranger_certified.pub",
        ])
        let refused = try await Command.run(
            world.ssh(
                [],
                options: [
                    "-o", "PubkeyAcceptedAlgorithms=*-cert-v01@openssh.com", "-o", "IdentityFile=none", "-i",
                    "\(world.client)/stranger_certified",
                ]))
        await expect(refused, status: 77, errors: ["SHA256:"], in: world)
    }

    @Test func anUnknownKeyIsToldSoAndItsFingerprint() async throws {
        let world = try await SharedWorld.get()
        let fingerprint = try await Command.run(["ssh-keygen", "-l", "-f", "\(world.client)/mallory.pub"])
        let refused = try await Command.run(world.ssh([], as: "mallory"))
        let words = fingerprint.text.split(separator: " ").map(String.init)
        await expect(refused, status: 77, errors: [words[1]], in: world)
    }

    @Test func theGreetingNamesThePersonAndTheVerbs() async throws {
        let world = try await SharedWorld.get()
        let greeting = try await Command.run(world.ssh([]))
        await expect(greeting, status: 0, output: ["alice", "connect", "tail"], in: world)
    }

    @Test func sallyportShellServesAsLoginShell() async throws {
        let world = try await SharedWorld.get()
        let greeting = try await Command.run(world.ssh([], to: .guarded))
        await expect(greeting, status: 0, output: ["alice"], in: world)
    }
}
