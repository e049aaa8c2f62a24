import TestBed
import Testing

/// The AuthorizedKeysCommand with everything that sshd or an attacker can give it: one correct line or nothing, always
/// exit 0, and the reason in the system log.
@Suite struct DispatchTests {
    static let program = "/usr/local/libexec/sallyport/sallyport-dispatch"
    static let shell = "/usr/local/libexec/sallyport/sallyport-shell"

    @Test(arguments: [
        ["-t", "ed25519"], ["-t", "ecdsa", "-b", "521"], ["-t", "rsa", "-b", "16384"],
    ])
    func aPlainKeyGetsItsLine(options: [String]) async throws {
        let testBed = try await SharedTestBed.get()
        let name = "dispatch_\(options.filter { $0 != "-t" && $0 != "-b" }.joined(separator: "_"))"
        if options.contains("16384") {
            // Making one takes minutes; its form is what matters here.
            try await expectLine(type: "ssh-rsa", base64: Self.largeRSAKey, in: testBed)
            return
        }
        try await testBed.makeKey(name, options)
        let words = try await testBed.publicKey(name).split(separator: " ").map(String.init)
        try await expectLine(type: words[0], base64: words[1], in: testBed)
    }

    /// Keys on a security token, and a type that does not exist yet.
    @Test(arguments: [
        "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", "ssh-mldsa87@example.org",
    ])
    func anyTypeGetsItsLine(type: String) async throws {
        let testBed = try await SharedTestBed.get()
        try await expectLine(
            type: type, base64: Wire.base64(Wire.string(type) + Wire.string("a key") + Wire.string("ssh:")),
            in: testBed)
    }

    @Test func aCertificateGetsTheLineOfItsAuthority() async throws {
        let testBed = try await SharedTestBed.get()
        try await testBed.makeKey("authority", ["-t", "ed25519"])
        try await testBed.makeKey("dispatch_certified", ["-t", "ed25519"])
        _ = try await Command.run([
            "ssh-keygen", "-q", "-s", "\(testBed.client)/authority", "-I", "x", "-n", "builds",
            "\(testBed.client)/dispatch_certified.pub",
        ])
        let words = try await testBed.publicKey("dispatch_certified-cert").split(separator: " ").map(
            String.init)
        let plain = try await testBed.publicKey("dispatch_certified")
        let authority = try await testBed.publicKey("authority")
        let finished = try await dispatch(["builds", "/", words[0], words[1]], in: testBed)
        await expect(finished, status: 0, in: testBed)
        #expect(
            finished.text
                == "cert-authority,restrict,pty,command=\"exec \(Self.shell) --key \(plain)\" \(authority)\n",
            "\(finished)")
    }

    static let odd: [[String]] = [
        [],
        ["builds"],
        ["builds", "/", "ssh-ed25519"],
        ["builds", "/", "ssh-ed25519", good, "more"],
        ["builds", "/", "", ""],
        ["builds", "/", "ssh-ed25519", ""],
        ["builds", "/", "ssh-rsa", good],
        ["builds", "/", "ssh-ed25519", good + "\n"],
        ["builds", "/", "ssh-ed25519", "\"" + good],
        ["builds", "/", "ssh-ed25519", good + "\" evil"],
        ["builds", "/", "ssh-ed25519\" evil=\"", good],
        ["builds", "/", "ssh-ed25519\n", good],
        ["builds", "/", "ssh-ed25519", "!!!!"],
        ["builds", "/", "ssh-ed25519-cert-v01@openssh.com", good],
        ["builds", "/", "ssh-ed25519", "AAAA"],
        ["--unknown", "builds", "/", "ssh-ed25519", good],
        ["--shell", "relative", "builds", "/", "ssh-ed25519", good],
        ["--shell", "/a b", "builds", "/", "ssh-ed25519", good],
        ["--shell"],
    ]

    static let good = Wire.base64(Wire.string("ssh-ed25519") + Wire.string(String(repeating: "k", count: 32)))

    @Test(arguments: odd.indices)
    func whatIsOddGetsNothingAndALineInTheLog(index: Int) async throws {
        let testBed = try await SharedTestBed.get()
        let before = try await testBed.log("syslog").split(separator: "\n").count
        let finished = try await dispatch(Self.odd[index], in: testBed)
        await expect(finished, status: 0, in: testBed)
        #expect(finished.output.isEmpty && finished.errors.isEmpty, "\(finished)")
        let lines = try await syslog(in: testBed, beyond: before)
        #expect(lines.contains { $0.contains("sallyport-dispatch") }, "\(finished)\n\(lines)")
    }

    @Test func anotherAccountGetsNothing() async throws {
        let testBed = try await SharedTestBed.get()
        for user in ["root", "", "builds\n", "Builds"] {
            let finished = try await dispatch([user, "/", "ssh-ed25519", Self.good], in: testBed)
            await expect(finished, status: 0, in: testBed)
            #expect(finished.output.isEmpty, "\(finished)")
        }
        let renamed = try await dispatch(
            ["--account", "git", "git", "/", "ssh-ed25519", Self.good], in: testBed)
        #expect(renamed.text.hasPrefix("restrict,pty,command=\"exec "), "\(renamed)")
    }

    @Test func outputThatNobodyReadsIsNoFailure() async throws {
        let testBed = try await SharedTestBed.get()
        let finished = try await testBed.onGateway([
            "/bin/bash", "-c", "\"$@\" >/dev/full; echo $?; \"$@\" >&-; echo $?", "bash", Self.program,
            "builds", "/",
            "ssh-ed25519", Self.good,
        ])
        #expect(finished.text == "0\n0\n", "\(finished)")
    }

    private func expectLine(
        type: String, base64: String, in testBed: TestBed, at place: SourceLocation = #_sourceLocation
    ) async throws {
        let finished = try await dispatch(["builds", "/", type, base64], in: testBed)
        await expect(finished, status: 0, in: testBed, at: place)
        let line = "restrict,pty,command=\"exec \(Self.shell) --key \(type) \(base64)\" \(type) \(base64)\n"
        #expect(finished.text == line, sourceLocation: place)
    }

    private func dispatch(_ arguments: [String], in testBed: TestBed) async throws -> Finished {
        try await testBed.onGateway([Self.program] + arguments)
    }

    /// The lines of the system log after the first `count`; waits for one, because another process writes it.
    private func syslog(in testBed: TestBed, beyond count: Int) async throws -> [Substring] {
        let start = ContinuousClock.now
        while true {
            let lines = try await testBed.log("syslog").split(separator: "\n").dropFirst(count)
            if !lines.isEmpty || start.duration(to: .now) > .seconds(3) { return Array(lines) }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// 16384 bits: e, and a modulus whose first byte is zero.
    static let largeRSAKey = Wire.base64(
        Wire.string("ssh-rsa") + Wire.string([1, 0, 1])
            + Wire.string([0] + (0..<2048).map { UInt8(truncatingIfNeeded: $0 &* 37 | 0x81) }))
}
