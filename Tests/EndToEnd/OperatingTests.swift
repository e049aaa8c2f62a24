import Foundation
import TestBed
import Testing

/// What operators do with other people's jobs by the tool `sallyport`.
@Suite struct OperatingTests {
    /// Fails after it has sent a title for the terminal.
    private static let failing = """
        image: debian
        tasks:
          - make: printf 'one\\033]0;title\\007\\ntwo\\n'
          - check: exit 3

        """
    /// Runs until it is ended.
    private static let endless = "image: debian\ntasks:\n  - say: echo waiting\n  - wait: exec sleep 600\n"

    /// Somebody with a key, and no job yet.
    private func newcomer(_ name: String, in testBed: TestBed) async throws {
        let key = "\(testBed.folder)/\(name)"
        let made = try await testBed.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
        await expect(made, status: 0, in: testBed)
        let added = try await Operator(testBed: testBed).addKey(of: name, file: "\(key).pub")
        await expect(added, status: 0, in: testBed)
    }

    private func sallyport(
        _ words: String..., status: Int32 = 0, output: [String] = [], errors: [String] = [],
        in testBed: TestBed, at place: SourceLocation = #_sourceLocation
    ) async throws -> Finished {
        let finished = try await testBed.sallyport(words, deadline: 120)
        await expect(finished, status: status, output: output, errors: errors, in: testBed, at: place)
        return finished
    }

    @Test func aJobIsFollowedShownExtendedAndReleased() async throws {
        let testBed = try await SharedTestBed.get()
        try await newcomer("oscar", in: testBed)
        let job = try await Operator(testBed: testBed).submit(Self.failing, owner: "oscar")
        let log = try await sallyport(
            "tail", job, status: 1, output: ["[make] one\n[make] two\n", "task check: exit 3\n"], in: testBed)
        #expect(log.errors.isEmpty && !log.output.contains(0x1b), "\(log)")
        let raw = try await sallyport("tail", "job-\(job)", "--raw", status: 1, in: testBed)
        #expect(raw.text.contains("[make] one\u{1b}]0;title\u{7}\n"), "\(raw)")
        let last = try await sallyport("tail", job, "-n", "1", status: 1, in: testBed)
        #expect(last.text.split(separator: "\n").count == 1, "\(last)")

        _ = try await sallyport(
            "show", "#\(job)",
            output: ["Job \(job)\n", "  owner      oscar\n", "check  failed", "  builder    kept, ends "],
            in: testBed)
        let json = try await sallyport("show", job, "--json", in: testBed)
        #expect(try Self.object(json)["id"] as? String == job, "\(json)")

        _ = try await sallyport(
            "extend", job, "20m", output: ["The builder of job \(job) ends 20", "in 35 minutes."], in: testBed
        )
        _ = try await sallyport(
            "extend", job, "--max", output: ["The builder of job \(job) ends "], in: testBed)
        _ = try await sallyport(
            "extend", job, "1d", status: 65,
            errors: ["sallyport: The builder of job \(job) can stay until "], in: testBed)
        _ = try await sallyport("extend", job, "soon", status: 64, errors: ["is not a duration"], in: testBed)
        _ = try await sallyport(
            "release", job, output: ["The builder of job \(job) ends now.\n"], in: testBed)
        try await expectNoBuilder(of: job, in: testBed)
        _ = try await sallyport("release", job, status: 66, errors: ["There is no builder."], in: testBed)
        _ = try await sallyport(
            "cancel", job, status: 65, errors: ["The job has ended already."], in: testBed)
        for verb in ["show", "tail", "extend"] {
            _ = try await sallyport(
                verb, "999999", status: 66, errors: ["There is no job 999999."], in: testBed)
        }
        _ = try await sallyport("show", "a/b", status: 64, errors: ["is not a job"], in: testBed)
    }

    @Test func aJobThatRunsIsFollowedUntilItIsCancelled() async throws {
        let testBed = try await SharedTestBed.get()
        try await newcomer("olga", in: testBed)
        let job = try await Operator(testBed: testBed).submit(Self.endless, owner: "olga")
        async let tail = sallyport(
            "tail", job, status: 1, output: ["[say] waiting\n", " cancelled\n"], in: testBed)
        try await expectTask("wait", of: job, toBe: "running", in: testBed)
        _ = try await sallyport("cancel", job, output: ["Job \(job) is cancelled.\n"], in: testBed)
        _ = try await tail
    }

    @Test func whoUsesHowMuchIsSaidAndEndsAtOnce() async throws {
        let testBed = try await SharedTestBed.get()
        try await newcomer("trudy", in: testBed)
        let tool = Operator(testBed: testBed)
        let kept = try await tool.submit(Self.failing, owner: "trudy")
        _ = try await sallyport("tail", kept, status: 1, in: testBed)
        let running = try await tool.submit(Self.endless, owner: "trudy")
        try await expectTask("wait", of: running, toBe: "running", in: testBed)
        let table = try await sallyport("jobs", "--top", output: ["OWNER"], in: testBed)
        let row = try #require(table.text.split(separator: "\n").first { $0.hasPrefix("trudy ") })
        #expect(row.split(separator: " ") == ["trudy", "0", "1", "1", "0"], "\(table)")
        let json = try await sallyport("jobs", "--top", "--owner", "trudy", "--json", in: testBed)
        let uses = try #require(try Self.object(json)["owners"] as? [[String: Any]])
        #expect(uses.count == 1 && uses[0]["running"] as? Int == 1 && uses[0]["kept"] as? Int == 1, "\(json)")
        _ = try await sallyport("jobs", "--top", "--all", status: 64, in: testBed)
        _ = try await sallyport("jobs", "list", "--owner", "trudy", output: ["kept", "ready"], in: testBed)

        let ended = try await sallyport("jobs", "cancel", "--owner", "trudy", in: testBed)
        #expect(
            ended.text == "Job \(running) is cancelled.\nThe builder of job \(kept) ends now.\n", "\(ended)")
        _ = try await sallyport(
            "jobs", "cancel", "--owner", "trudy", output: ["trudy has no live jobs.\n"], in: testBed)
        #expect(try await tool.job(running).status == "cancelled")
        try await expectNoBuilder(of: kept, in: testBed)
    }

    @Test func whoIsInsideIsListed() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let inside = try await Command.start(testBed.ssh(["connect", job, "echo inside; cat"])) { command in
            try await command.output.wait(for: "inside")
            let session = try #require(try await Operator(testBed: testBed).job(job).sessions.first?.session)
            let table = try await sallyport("sessions", "--job", job, "--person", "alice", in: testBed)
            let rows = table.text.split(separator: "\n").map { $0.split(separator: " ") }
            #expect(rows.first == ["SESSION", "PERSON", "JOB", "KIND", "FROM", "SINCE"], "\(table)")
            let row = try #require(rows.first { $0[0] == session })
            #expect(row[1] == "alice" && row[2] == job[...] && row[3] == "exec", "\(table)")
            let json = try await sallyport("sessions", "--json", in: testBed)
            let sessions = try #require(try Self.object(json)["sessions"] as? [[String: Any]])
            #expect(sessions.contains { $0["session"] as? String == session }, "\(json)")
            try await command.finishInput()
        }
        await expect(inside, status: 0, in: testBed)
        _ = try await sallyport(
            "sessions", "--person", "nobody", output: ["Nobody is inside.\n"], in: testBed)
    }

    private static func object(_ finished: Finished) throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(finished.output)) as? [String: Any], "\(finished)")
    }
}
