import TestBed
import Testing

/// Who can log in, and with which kind of key.
@Suite struct KeysTests {
    @Test(arguments: [["ed25519"], ["ecdsa", "-b", "256"], ["rsa", "-b", "3072"]])
    func aKeyOfAnyUsualTypeLogsIn(kind: [String]) async throws {
        let testBed = try await SharedTestBed.get()
        let name = "alice_\(kind[0])"
        try await testBed.makeKey(name, ["-t"] + kind)
        let added = try await Operator(testBed: testBed).addKey(
            of: "alice", file: "\(testBed.client)/\(name).pub")
        await expect(added, status: 0, in: testBed)
        let greeting = try await Command.run(
            testBed.ssh([], options: ["-o", "IdentityFile=none", "-i", "\(testBed.client)/\(name)"]))
        await expect(greeting, status: 0, output: ["alice"], in: testBed)
    }

    /// Forced, since the client would otherwise fall back to the plain key without a word.
    @Test func aCertificateLogsInAsTheOwnerOfThePlainKey() async throws {
        let testBed = try await SharedTestBed.get()
        try await testBed.makeKey("authority", ["-t", "ed25519"])
        try await testBed.makeKey("alice_certified", ["-t", "ed25519"])
        let signed = try await Command.run([
            "ssh-keygen", "-q", "-s", "\(testBed.client)/authority", "-I", "bob", "-n", "builds",
            "\(testBed.client)/alice_certified.pub",
        ])
        await expect(signed, status: 0, in: testBed)
        let added = try await Operator(testBed: testBed).addKey(
            of: "alice", file: "\(testBed.client)/alice_certified.pub")
        await expect(added, status: 0, in: testBed)
        let greeting = try await Command.run(
            testBed.ssh(
                [],
                options: [
                    "-o", "PubkeyAcceptedAlgorithms=*-cert-v01@openssh.com", "-o", "IdentityFile=none", "-i",
                    "\(testBed.client)/alice_certified",
                ]))
        await expect(greeting, status: 0, output: ["alice"], in: testBed)
        #expect(try await testBed.log("sshd-builds").contains("ED25519-CERT"))
    }

    /// An authority that someone has made proves nothing about who they are.
    @Test func aCertificateOfAnUnknownKeyIsUnknown() async throws {
        let testBed = try await SharedTestBed.get()
        try await testBed.makeKey("authority", ["-t", "ed25519"])
        try await testBed.makeKey("stranger_certified", ["-t", "ed25519"])
        _ = try await Command.run([
            "ssh-keygen", "-q", "-s", "\(testBed.client)/authority", "-I", "alice", "-n", "builds",
            "\(testBed.client)/stranger_certified.pub",
        ])
        let refused = try await Command.run(
            testBed.ssh(
                [],
                options: [
                    "-o", "PubkeyAcceptedAlgorithms=*-cert-v01@openssh.com", "-o", "IdentityFile=none", "-i",
                    "\(testBed.client)/stranger_certified",
                ]))
        await expect(refused, status: 77, errors: ["SHA256:"], in: testBed)
    }

    @Test func anUnknownKeyIsToldSoAndItsFingerprint() async throws {
        let testBed = try await SharedTestBed.get()
        let fingerprint = try await Command.run(["ssh-keygen", "-l", "-f", "\(testBed.client)/mallory.pub"])
        let refused = try await Command.run(testBed.ssh([], as: "mallory"))
        let words = fingerprint.text.split(separator: " ").map(String.init)
        await expect(refused, status: 77, errors: [words[1]], in: testBed)
    }

    @Test func theGreetingNamesThePersonAndTheVerbs() async throws {
        let testBed = try await SharedTestBed.get()
        _ = try await SharedJobs.wreck(testBed)
        let greeting = try await Command.run(testBed.ssh([]))
        await expect(greeting, status: 0, output: ["alice", "connect", "tail"], in: testBed)
    }

    @Test func sallyportShellServesAsLoginShell() async throws {
        let testBed = try await SharedTestBed.get()
        let greeting = try await Command.run(testBed.ssh([], to: .guarded))
        await expect(greeting, status: 0, output: ["alice"], in: testBed)
    }
}
