import TestBed
import TestSupport
import Testing

/// Builds of a real Buildbot that fail and are entered, with the lines of docs/attach/buildbot.md.
@Suite struct BuildbotTests {
    private static func block(pairing: Bool) throws -> String {
        let blocks = try AttachPage("buildbot").blocks("python")
        return try #require(blocks.first { $0.contains("--pair ") == pairing })
    }

    @Test func aFailedStepIsEnteredWithASecret() async throws {
        let testBed = try await SharedTestBed.get()
        let alice = try await Equipped.person("alice", in: testBed)
        let secret = try await CISecret.make(in: testBed)
        try await Buildbot.with(try Self.block(pairing: false), secret: secret, of: alice) { buildbot in
            let job = try await buildbot.job()
            try await enter(["connect", job], buildbot, in: testBed)
            let copied = try await alice.sh(
                "scp -q \"$1:$2/result.txt\" taken && cat taken && rm taken", "alice@\(alice.builder(job))",
                buildbot.workspace)
            await expect(copied, status: 0, output: ["7 parts\n"], in: testBed)
            try await expectFailure(of: buildbot, releasing: job, in: testBed)
        }
    }

    @Test func aFailedStepIsEnteredWithoutOne() async throws {
        let testBed = try await SharedTestBed.get()
        let alice = try await Equipped.person("alice", in: testBed)
        try await Buildbot.with(try Self.block(pairing: true), secret: nil, of: alice) { buildbot in
            try await enter(["adopt", try await buildbot.pairingCode()], buildbot, in: testBed)
            try await expectFailure(of: buildbot, releasing: try await buildbot.job(), in: testBed)
        }
    }

    /// A gateway that is away costs one line, and at most twenty seconds more than the same build takes without it.
    @Test func withoutAGatewayTheBuildIsAsItWas() async throws {
        let testBed = try await SharedTestBed.get()
        let alice = try await Equipped.person("alice", in: testBed)
        let secret = try await CISecret.make(in: testBed)
        try await fail("", secret, of: alice) { alone in
            #expect(!alone.log.contains("sallyport: "), "\(alone)")
            try await fail("1", secret, of: alice) { check in
                // Buildbot counts whole seconds, so the difference of two can be one more than it was.
                #expect(check.seconds - alone.seconds <= 20 + 1, "\(check)")
                #expect(
                    check.log.split(separator: "\n").count { $0.contains("sallyport: ") } == 1, "\(check)")
            }
        }
    }

    /// A build whose gateway is away, from the beginning to its end.
    ///
    /// - Parameter property: the build's property `sallyport`.
    private func fail(
        _ property: String, _ secret: CISecret, of person: Person,
        body: @Sendable (Buildbot.Step) async throws -> Void
    ) async throws {
        try await Buildbot.with(
            try Self.block(pairing: false), secret: secret, property: property,
            gatewayPort: try TestBed.freePort(), of: person
        ) { buildbot in
            let (result, steps) = try await buildbot.steps()
            let check = try #require(steps["check"], "\(result) \(steps)")
            #expect(result == 2 && check.result == 2 && steps["after"]?.result == 0, "\(steps)")
            #expect(check.log.contains("program finished with exit code 2"), "\(check.log)")
            try await body(check)
        }
    }

    /// There is a prompt in the step's folder, with its environment and without its secret.
    private func enter(_ words: [String], _ buildbot: Buildbot, in testBed: TestBed) async throws {
        let shell = try await Command.start(
            testBed.ssh(words, as: "alice", options: ["-t"]), terminal: try PseudoTerminal(columns: 250)
        ) { shell in
            try await shell.output.wait(for: "$ ")
            try await shell.write(
                "echo \"$PWD has $(cat result.txt) of $BUILD_URL${SALLYPORT_ATTACH_KEY-}.\"\n")
            try await shell.output.wait(for: "\(buildbot.workspace) has 7 parts of \(buildbot.page).")
            try await shell.write("exit 5\n")
            try await shell.output.wait(for: "[y/N] ")
            try await shell.write("n\n")
        }
        await expect(shell, status: 5, in: testBed)
    }

    /// The build goes on when the machine is released, and its step has failed with the command's status.
    private func expectFailure(of buildbot: Buildbot, releasing job: String, in testBed: TestBed) async throws
    {
        let released = try await Command.run(testBed.ssh(["release", "--yes", job], as: "alice"))
        await expect(released, status: 0, in: testBed)
        let (result, steps) = try await buildbot.steps()
        #expect(result == 2 && steps["check"]?.result == 2 && steps["after"]?.result == 0, "\(steps)")
        let log = steps["check"]?.log ?? ""
        #expect(log.contains("checking\n") && log.contains("program finished with exit code 2"), "\(log)")
    }
}
