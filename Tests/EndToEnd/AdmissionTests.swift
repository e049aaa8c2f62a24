import TestBed
import Testing

/// Admission `known`: sshd gets a line only for keys that the build service knows, and gets it, or nothing, in time.
@Suite struct AdmissionTests {
    @Test func onlyKnownKeysAreLetIn() async throws {
        let testBed = try await SharedTestBed.get()
        let greeted = try await Command.run(testBed.ssh([], to: .choosy))
        await expect(greeted, status: 0, output: ["Hello alice."], in: testBed)
        let refused = try await Command.run(testBed.ssh([], to: .choosy, as: "mallory"))
        await expect(refused, status: 255, errors: ["Permission denied (publickey)."], in: testBed)
        let reasons = try await testBed.log("syslog").split(separator: "\n").filter {
            $0.contains("no line: key")
        }
        #expect(reasons.contains { $0.contains("is unknown") }, "\(reasons)")
    }

    /// A key that becomes known is let in as soon as the answer about it is five seconds old.
    @Test func aNewKeyIsLetInAtOnceOrSoon() async throws {
        let testBed = try await SharedTestBed.get()
        try await testBed.makeKey("newcomer", ["-t", "ed25519"])
        let line = try await lookUp("newcomer", in: testBed)
        #expect(line.output.isEmpty, "\(line)")
        let added = try await Operator(testBed: testBed).addKey(of: "newcomer")
        await expect(added, status: 0, in: testBed)
        let start = ContinuousClock.now
        while try await lookUp("newcomer", in: testBed).output.isEmpty,
            start.duration(to: .now) < .seconds(20)
        {}
        #expect(start.duration(to: .now) < .seconds(10))
    }

    @Test func theLineIsTheSame() async throws {
        let testBed = try await SharedTestBed.get()
        let known = try await lookUp("alice", in: testBed)
        let any = try await lookUp("alice", admission: "any", in: testBed)
        await expect(known, status: 0, in: testBed)
        #expect(!known.output.isEmpty && known.output == any.output, "\(known)\n\(any)")
    }

    /// While the service is away, keys that were known a moment ago are; nobody else is, and sshd never waits.
    @Test func anOutageIsSurvivedByThoseWhoWereKnown() async throws {
        let testBed = try await SharedTestBed.get()
        _ = try await lookUp("alice", in: testBed)
        try await testBed.makeKey("latecomer", ["-t", "ed25519"])
        try await testBed.stopRunner()
        let (alice, aliceTook): (Finished, Duration)
        let (latecomer, latecomerTook): (Finished, Duration)
        do {
            // Older than what is not asked again, younger than what is not believed any more.
            try await testBed.ageKeyCache(by: 20)
            (alice, aliceTook) = try await timed { try await lookUp("alice", in: testBed) }
            (latecomer, latecomerTook) = try await timed { try await lookUp("latecomer", in: testBed) }
        } catch {
            try await testBed.continueRunner()
            throw error
        }
        try await testBed.continueRunner()
        await expect(alice, status: 0, output: ["restrict,pty,command="], in: testBed)
        await expect(latecomer, status: 0, in: testBed)
        #expect(latecomer.output.isEmpty, "\(latecomer)")
        #expect(aliceTook < .seconds(3) && latecomerTook < .seconds(3), "\(aliceTook) \(latecomerTook)")
        try await testBed.ageKeyCache(by: 0)
    }

    /// What HTTP permits and sallyport-lookup does not read: libcurl does.
    @Test(arguments: [
        ("chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"), ("unmeasured", "HTTP/1.1 200 OK"),
        ("older", "HTTP/1.0 200 OK"),
    ])
    func anUnusualAnswerIsReadByTheShell(name: String, head: String) async throws {
        let testBed = try await SharedTestBed.get()
        try await testBed.makeKey(name, ["-t", "ed25519"])
        try await ScriptedService.serving(in: testBed) { request in
            guard case .bytes(let usual, _) = ScriptedService.key(request, name: "alice"),
                let end = usual.firstRange(of: "\r\n\r\n")
            else { return .hangUp }
            let body = usual[end.upperBound...]
            let length = String(body.utf8.count, radix: 16)
            return .bytes(
                head + "\r\nContent-Type: application/json\r\n\r\n"
                    + (name == "chunked" ? "\(length)\r\n\(body)\r\n0\r\n\r\n" : body))
        } _: {
            let line = try await lookUp(name, at: .orphaned, in: testBed)
            await expect(line, status: 0, output: ["restrict,pty,command="], in: testBed)
        }
    }

    /// Nothing, in time, and the reason in the log of the program that has found it out.
    @Test(
        arguments: [
            ("silent", .silence, "sallyport-lookup", "no answer before sshd must have one"),
            ("gone", .hangUp, "sallyport-shell", "hungUp"),
            (
                "locked", ScriptedService.answer("401 Unauthorized", "text/plain", ""), "sallyport-shell",
                "notAuthenticated"
            ),
            ("senseless", ScriptedService.json("{}"), "sallyport-shell", "malformedAnswer"),
            (
                "large", ScriptedService.json("{" + String(repeating: " ", count: 2 << 20) + "}"),
                "sallyport-shell", "more than 1 MB"
            ),
        ] as [(String, ScriptedService.Reply, String, String)])
    func withoutAnAnswerThereIsNoLine(
        name: String, reply: ScriptedService.Reply, program: String, reason: String
    ) async throws {
        let testBed = try await SharedTestBed.get()
        try await testBed.makeKey(name, ["-t", "ed25519"])
        try await ScriptedService.serving(in: testBed) { _ in
            reply
        } _: {
            let (line, took) = try await timed { try await lookUp(name, at: .orphaned, in: testBed) }
            await expect(line, status: 0, in: testBed)
            #expect(line.output.isEmpty && took < .seconds(3), "\(line) \(took)")
        }
        try await expectReason(reason, about: name, from: program, in: testBed)
    }

    @Test func withoutAServiceThereIsNoLine() async throws {
        let testBed = try await SharedTestBed.get()
        try await testBed.makeKey("forlorn", ["-t", "ed25519"])
        let line = try await lookUp("forlorn", at: .orphaned, in: testBed)
        await expect(line, status: 0, in: testBed)
        #expect(line.output.isEmpty, "\(line)")
        try await expectReason("unreachable", about: "forlorn", from: "sallyport-shell", in: testBed)
    }

    /// Waits for it, since the log is written by someone else.
    private func expectReason(
        _ reason: String, about name: String, from program: String, in testBed: TestBed
    ) async throws {
        let said = try await Command.run(["ssh-keygen", "-l", "-f", "\(testBed.client)/\(name).pub"])
        let fingerprint = said.text.split(separator: " ").dropFirst().first ?? "no fingerprint"
        let start = ContinuousClock.now
        var lines: [Substring] = []
        repeat {
            lines = try await testBed.log("syslog").split(separator: "\n")
                .filter { $0.contains(program) && $0.contains("no line: key \(fingerprint)") }
            if lines.contains(where: { $0.contains(reason) }) { return }
            try await Task.sleep(for: .milliseconds(20))
        } while start.duration(to: .now) < .seconds(3)
        Issue.record("nobody says “\(reason)”: \(lines)")
    }

    private func timed(_ body: () async throws -> Finished) async throws -> (Finished, Duration) {
        let start = ContinuousClock.now
        let finished = try await body()
        return (finished, start.duration(to: .now))
    }

    /// As sshd does it.
    ///
    /// - Parameter gateway: the one whose configuration is read, unless it is the usual one.
    private func lookUp(
        _ name: String, admission: String = "known", at gateway: Gateway? = nil, in testBed: TestBed
    ) async throws -> Finished {
        let words = try await testBed.publicKey(name).split(separator: " ").map(String.init)
        let config = gateway.map {
            [
                "--config",
                "\(testBed.folder)/machine/home/\($0.rawValue)-\(testBed.port(of: $0))/sallyport.toml",
            ]
        }
        return try await testBed.onGateway(
            [
                "setpriv", "--reuid", "sallyport-keys", "--regid", "sallyport-keys", "--clear-groups",
                DispatchTests.program, "--admission", admission,
            ] + (config ?? []) + ["builds", "/", words[0], words[1]])
    }
}
