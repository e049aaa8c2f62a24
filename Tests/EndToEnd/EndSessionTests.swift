import Foundation
import TestBed
import Testing

/// `sallyport end-session`: an operator ends one session, and nothing else.
@Suite struct EndSessionTests {
    private static let sentence =
        "sallyport: An administrator has ended this session. The builder is still there: run the same command again to return."

    @Test func oneSessionEndsAtOnceAndTheOthersGoOn() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.freshWreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        await expect(try await Command.run(testBed.ssh(["share", job, "bob"])), status: 0, in: testBed)
        let guest = try await Command.start(
            testBed.ssh(["connect", job, "echo inside; cat"], as: "bob"), deadline: .seconds(120)
        ) { guest in
            try await guest.output.wait(for: "inside")
            let terminal = try PseudoTerminal(columns: 200)
            let shell = try await Command.start(
                testBed.ssh(["connect", job], options: ["-t"]), terminal: terminal
            ) { shell in
                try await shell.output.wait(for: "$ ")
                try await endSession(of: "alice", in: job, testBed) { await shell.output.waitForEnd() }
            }
            await expect(shell, status: 75, output: ["\r\n\(Self.sentence)"], in: testBed)
            #expect(terminal.isCooked)
            let proxied = try await alice.start(
                ["ssh", alice.builder(job), "echo in; exec sleep 1000"]
            ) { client in
                try await client.output.wait(for: "in\n")
                try await endSession(of: "alice", in: job, testBed) { await client.output.waitForEnd() }
            }
            await expect(proxied, status: 255, errors: [Self.sentence], in: testBed)
            let command = try await Command.start(
                testBed.ssh(["connect", job, "echo in; exec sleep 1000"])
            ) { command in
                try await command.output.wait(for: "in\n")
                try await endSession(of: "alice", in: job, testBed) { await command.output.waitForEnd() }
            }
            await expect(command, status: 75, errors: [Self.sentence], in: testBed)

            let back = try await Command.run(testBed.ssh(["connect", job, "echo back"]))
            await expect(back, status: 0, output: ["back\n"], in: testBed)
            try await guest.write("still here\n")
            try await guest.output.wait(for: "still here")
            try await guest.finishInput()
        }
        await expect(guest, status: 0, in: testBed)
        #expect(!guest.errorText.contains("ended"), "\(guest)")
        let audit = try await testBed.audit(of: job)
        #expect(audit.count { $0.hasSuffix(": ended by root") } == 3, "\(audit)")
        try await testBed.endBuilder(of: job)
    }

    @Test func aSessionThatIsNobodysIsSaidToBeNone() async throws {
        let testBed = try await SharedTestBed.get()
        let ended = try await testBed.sallyport(["end-session", "n6mk\u{1b}"])
        await expect(ended, status: 66, errors: ["There is no session n6mk?."], in: testBed)
    }

    /// Ends the only session of a person in a job. Records a failure unless `isOver` returns within two seconds.
    private func endSession(
        of person: String, in job: String, _ testBed: TestBed, isOver: () async -> Void
    ) async throws {
        let listed = try await testBed.sallyport(["sessions", "--job", job, "--person", person, "--json"])
        let list = try JSONDecoder().decode(Sessions.self, from: Data(listed.output))
        try #require(list.sessions.count == 1, "\(listed)")
        let ended = try await testBed.sallyport(["end-session", list.sessions[0].session])
        await expect(
            ended, status: 0,
            output: ["The session of \(person) in job \(job) ends now. The builder stays.\n"], in: testBed)
        let begin = ContinuousClock.now
        await isOver()
        #expect(begin.duration(to: .now) < .seconds(2))
    }

    private struct Sessions: Decodable {
        struct Session: Decodable { var session: String }
        var sessions: [Session]
    }
}
