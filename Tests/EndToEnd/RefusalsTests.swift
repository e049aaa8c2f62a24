import TestBed
import Testing

/// Refusals, with their exit statuses and sentences.
@Suite struct RefusalsTests {
    @Test(arguments: [["connect", "true"], ["tail"]])
    func anotherOwnersJobIsRefused(words: [String]) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let refused = try await Command.run(
            testBed.ssh([words[0], job] + words.dropFirst(), as: "bob"), deadline: .seconds(20))
        if words[0] == "connect" {
            await expect(refused, status: 77, errors: ["job \(job)"], in: testBed)
        } else {
            #expect(refused.status == 77 || refused.status == 66, "\(refused)")
        }
        #expect(refused.output.isEmpty, "\(refused)")
    }

    @Test(arguments: ["connect", "tail"])
    func aJobThatDoesNotExistIsNamed(verb: String) async throws {
        let testBed = try await SharedTestBed.get()
        let refused = try await Command.run(testBed.ssh([verb, "99999"]))
        await expect(refused, status: 66, errors: ["99999"], in: testBed)
    }

    @Test(arguments: [
        "sh", "scp -t /", "connect --never 1", "tail ../../etc/passwd", "tail 1 2", "internal-sftp",
    ])
    func whatIsNoRequestIsToldTheUsage(line: String) async throws {
        let testBed = try await SharedTestBed.get()
        let refused = try await Command.run(testBed.ssh([line]))
        await expect(refused, status: 64, errors: ["connect"], in: testBed)
        #expect(refused.output.isEmpty, "\(refused)")
    }

    @Test func aServiceThatIsDownIsSaidToBe() async throws {
        let testBed = try await SharedTestBed.get()
        let refused = try await Command.run(testBed.ssh(["connect", "1"], to: .orphaned))
        await expect(refused, status: 75, in: testBed)
        #expect(!refused.errorText.isEmpty && refused.output.isEmpty, "\(refused)")
        #expect(
            !refused.errorText.contains("nobody.sock") && !refused.errorText.contains("/run"), "\(refused)")
    }
}

/// The other ways in: a mistake in sshd's configuration must not open a door.
@Suite struct OtherWaysInTests {
    static let shell = "/usr/local/libexec/sallyport/sallyport-shell"

    /// Alice logs in through a stray authorized_keys line and says that she is Bob.
    @Test(arguments: [Gateway.stray, .guardedStray])
    func aForgedForcedCommandIsRefused(gateway: Gateway) async throws {
        let testBed = try await SharedTestBed.get()
        let bob = try await testBed.publicKey("bob")
        let forged = try await Command.run(testBed.ssh(["exec \(Self.shell) --key \(bob)"], to: gateway))
        await expect(forged, status: 78, in: testBed)
        #expect(!forged.errorText.lowercased().contains("bob"), "\(forged)")
    }

    @Test func aForgedForcedCommandReachesNoBuilder() async throws {
        let testBed = try await SharedTestBed.get()
        let bob = try await testBed.publicKey("bob")
        let job = try await SharedJobs.bobsWreck(testBed)
        let forged = try await Command.run(
            testBed.ssh(["SSH_ORIGINAL_COMMAND='connect \(job) id' \(Self.shell) --key \(bob)"], to: .stray))
        await expect(forged, status: 78, in: testBed)
        #expect(forged.output.isEmpty, "\(forged)")
    }

    @Test(arguments: [
        "id", "", "exec \(shell) --key ssh-ed25519 AAAA; id", "exec \(shell)  --key ssh-ed25519 AAAA",
        "sh -c id",
    ])
    func sallyportShellAsLoginShellRunsNothingElse(command: String) async throws {
        let testBed = try await SharedTestBed.get()
        let refused = try await Command.run(
            testBed.ssh(command.isEmpty ? [] : [command], to: .guardedStray))
        await expect(refused, status: 64, in: testBed)
        #expect(!refused.text.contains("uid="), "\(refused)")
    }

    @Test func aPasswordIsNotAskedFor() async throws {
        let testBed = try await SharedTestBed.get()
        let refused = try await Command.run(
            testBed.ssh(["id"], options: ["-v", "-o", "PubkeyAuthentication=no", "-o", "IdentityFile=none"]))
        await expect(refused, status: 255, errors: ["can continue: publickey"], in: testBed)
        #expect(!refused.errorText.contains("publickey,"), "\(refused)")
    }

    @Test func forwardingIsRefused() async throws {
        let testBed = try await SharedTestBed.get()
        let port = testBed.port(of: .builds)
        let refused = try await Command.run(testBed.ssh([], options: ["-W", "127.0.0.1:\(port)"]))
        await expect(refused, status: 255, errors: ["prohibited"], in: testBed)
    }

    @Test func sftpGetsTheUsage() async throws {
        let testBed = try await SharedTestBed.get()
        let refused = try await Command.run(testBed.ssh(["sftp"], options: ["-s"]))
        await expect(refused, status: 64, in: testBed)
    }

    /// sshd's own authority would accept anyone it has signed; the drop-in forbids it, and the dispatcher uses the
    /// key inside.
    @Test func aCertificateOfSshdsOwnAuthorityGetsTheForcedCommand() async throws {
        let testBed = try await SharedTestBed.get()
        try await testBed.makeKey("insider", ["-t", "ed25519"])
        _ = try await Command.run([
            "ssh-keygen", "-q", "-s", "\(testBed.client)/stray_authority", "-I", "alice", "-n", "builds",
            "\(testBed.client)/insider.pub",
        ])
        let refused = try await Command.run(
            testBed.ssh(["id"], options: ["-o", "IdentityFile=none", "-i", "\(testBed.client)/insider"]))
        #expect(refused.status == 77 || refused.status == 64, "\(refused)")
        #expect(refused.output.isEmpty, "\(refused)")
    }
}
