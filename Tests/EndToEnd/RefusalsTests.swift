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
            let listing = try await Command.run(["ssh-keygen", "-l", "-f", "\(testBed.client)/bob.pub"])
            let fingerprint = String(listing.text.split(separator: " ")[1])
            await expect(
                refused, status: 77,
                errors: ["Job \(job) belongs to alice, not to you (bob, by the key \(fingerprint))."],
                in: testBed)
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

    /// In at most four lines.
    @Test(arguments: [
        ("sh", "connect JOB"), ("scp -t /", "ssh-config"), ("internal-sftp", "ssh-config"),
        ("connect --never 1", "connect [--now] [job] [command…]"), ("tail ../../etc/passwd", "is not a job"),
        ("tail 1 2", "tail [-n N] [--raw] [job]"), ("tail -50", "-n 50"), ("conect 1", "connect [--now]"),
        ("frobnicate", "help"), ("1", "connect 1"), ("keys rm", "keys [list"), ("exit", "keys add"),
        ("show", "Which job?"), ("submit job.yaml", "submit <job.yaml"),
    ])
    func whatIsNoRequestIsToldWhatToType(line: String, sentence: String) async throws {
        let testBed = try await SharedTestBed.get()
        let refused = try await Command.run(testBed.ssh([line]))
        await expect(refused, status: 64, errors: [sentence], in: testBed)
        #expect(refused.output.isEmpty && refused.errorText.split(separator: "\n").count <= 4, "\(refused)")
    }

    /// As the programs that people use send it, and as these show the answer. `$1` is the port, `$2` the host.
    @Test(arguments: [
        ("scp -O -P $1 builds@$2:42/file .", "scp works with a builder's own name"),
        ("scp -O -P $1 /etc/hostname builds@$2:", "scp works with a builder's own name"),
        ("rsync -a -e \"ssh -p $1\" builds@$2:42/x .", "rsync works with a builder's own name"),
        ("GIT_SSH_COMMAND=\"ssh -p $1\" git clone builds@$2:42 x", "git works with a builder's own name"),
        ("rsync -a -e \"ssh -p $1 builds@$2 connect\" build@42:x .", "write 42, not build@42"),
        ("GIT_SSH_COMMAND=\"ssh -p $1 builds@$2 connect\" git clone 42:x x", "GIT_SSH_VARIANT=simple"),
        ("ssh-copy-id -f -p $1 builds@$2", "keys add <"), ("ssh -p $1 builds@$2 bash <<<exit", "ssh-config"),
        // sshd passes on only standard output of a subsystem: docs/troubleshooting.md says so.
        ("scp -P $1 builds@$2:42/file .", "Connection closed"),
        ("sftp -P $1 builds@$2", "Connection closed"),
    ])
    func aProgramThatTakesTheGatewayForAHostLeadsOn(line: String, sentence: String) async throws {
        let testBed = try await SharedTestBed.get()
        let alice = Person(testBed: testBed, name: "alice")
        let tried = try await alice.sh(
            "cd \"$(mktemp -d)\"; \(line)", "\(testBed.port(of: .builds))", TestBed.publicHost)
        #expect(tried.status != 0 && tried.errorText.contains(sentence), "\(tried)")
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
