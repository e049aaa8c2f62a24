import Foundation
import Subprocess
import TestBed
import Testing

/// A gateway for builds.sr.ht's worker: who can enter which builder, and what happens to it.
@Suite struct SourcehutTests {
    /// A command that prints a line when it has begun, and continues when it is told to.
    private static let patient = "echo ready; read word; echo got $word"

    // MARK: Entering

    /// What comes back is the command's own, and it is no logout.
    @Test(arguments: [StandInWorker.Job.Form.json, .yaml])
    func aCommandRunsAsItWasWrittenAndEndsNothing(form: StandInWorker.Job.Form) async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            let builder = try await worker.wreck("42")
            worker["42"].form = form
            let words = #"printf '%s|' "two words" 'it'\''s' "$((6*7))"; echo; exit 7"#
            let ended = try await worker.connect(["42", words])
            await expect(ended, status: 7, output: ["two words|it's|42|\n"], in: testBed)
            #expect(worker.told(about: "42") == ["claim"])
            let syslog = try await testBed.log("syslog")
            #expect(
                syslog.contains(
                    "job=42 the service gives no host key; the builder shows \(try await builder.fingerprint())"
                ))
            let unbalanced = try await worker.connect(["42", "echo 'no end"])
            await expect(unbalanced, status: 2, errors: ["unexpected EOF"], in: testBed)
            #expect(!worker.told(about: "42").contains("terminate"))
            try await builder.end()
        }
    }

    /// OpenSSH lets us in without a password where an empty one would do; here is one that takes neither.
    @Test func allThatNeedsNoSecretIsTried() async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            let builder = try await worker.wreck(
                "43", options: ["-o", "PermitEmptyPasswords=no", "-o", "LogLevel=VERBOSE"])
            try await worker.refuses("43", status: 78, "The builder refuses the gateway's login.")
            let log = try await builder.log()
            #expect(log.contains("Failed publickey for build"), "\(log)")
            let last = try await testBed.log("syslog").split(separator: "\n").last { $0.contains("refused") }
            #expect(last?.contains("authenticating: Access denied for 'password'") == true, "\(last ?? "")")
            try await builder.end()
        }
    }

    @Test func theLastLogoutEndsTheBuilderForGood() async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            let builder = try await worker.wreck("7")
            let first = try await shell(in: "7", testBed: testBed) { client in
                let second = try await shell(in: "7", testBed: testBed) { try await $0.write("exit 5\n") }
                await expect(second, status: 5, in: testBed)
                #expect(worker.told(about: "7") == ["claim", "claim"], "someone is still inside")
                // A script is no person who logs out.
                let script = try await Command.run(
                    testBed.ssh(["connect", "7"], to: .sourcehut), input: Array("exit 4\n".utf8))
                await expect(script, status: 4, in: testBed)
                try await client.write("exit 6\n")
            }
            await expect(
                first, status: 6, output: ["sallyport: The builder ends when you log out, or in "],
                in: testBed)
            #expect(!first.text.contains("hold"), "the worker holds nothing")
            #expect(worker.told(about: "7") == ["claim", "claim", "claim", "terminate"])
            // The worker still names the port, but another builder listens there now.
            try await worker.refuses("7", status: 69, "Job 7 failed")
            try await builder.end()
        }
    }

    /// A person's shell on a terminal, which has answered.
    private func shell(
        in words: String..., testBed: TestBed, _ body: @Sendable (RunningCommand) async throws -> Void
    ) async throws -> Finished {
        try await Command.start(
            testBed.ssh(["connect"] + words, to: .sourcehut, options: ["-t"]),
            terminal: try PseudoTerminal(columns: 200)
        ) { client in
            try await client.write("echo rea''dy\n")
            try await client.output.wait(for: "ready\r\n")
            try await body(client)
        }
    }

    /// Its file stays, and its lock does not.
    @Test func aSessionThatIsKilledDoesNotCount() async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            let builder = try await worker.wreck("8")
            let killed = try await Command.start(
                testBed.ssh(["connect", "8", Self.patient], to: .sourcehut)
            ) { client in
                try await client.output.wait(for: "ready")
                try await testBed.signalForcedCommands("KILL")
            }
            #expect(killed.status != 0)
            #expect(try await files(of: "8", in: testBed).count == 1)
            let last = try await shell(in: "8", testBed: testBed) { try await $0.write("exit\n") }
            await expect(last, status: 0, in: testBed)
            #expect(worker.told(about: "8") == ["claim", "claim", "terminate"])
            #expect(try await files(of: "8", in: testBed).isEmpty)
            try await builder.end()
        }
    }

    /// A dropped line is no logout; a session that is ended by a signal leaves no file.
    @Test func aSessionThatIsCutOffEndsNothing() async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            let builder = try await worker.wreck("9")
            _ = try await Command.start(
                testBed.ssh(["connect", "9"], to: .sourcehut, options: ["-tt"]),
                terminal: try PseudoTerminal()
            ) { client in
                try await client.write("echo rea''dy\n")
                try await client.output.wait(for: "ready\r\n")
                client.send(.kill)
            }
            try await expectNobodyOnTheGateway(in: testBed)
            #expect(worker.told(about: "9") == ["claim"])
            #expect(try await files(of: "9", in: testBed).isEmpty)
            try await builder.end()
        }
    }

    // MARK: Waiting

    @Test func aBuilderThatBootsIsWaitedFor() async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            let builder = try await StandInBuilder.start(in: testBed)
            worker["11"] = StandInWorker.Job(status: "running", port: 0, task: 0, tasks: 0)
            let ended = try await Command.start(
                testBed.ssh(["connect", "--now", "11", "echo inside"], to: .sourcehut)
            ) { client in
                try await client.errors.wait(for: "The builder of job 11 is booting.")
                #expect(worker.told(about: "11").isEmpty, "nobody has come yet")
                worker["11"].port = builder.port
                worker["11"].tasks = 10
            }
            await expect(ended, status: 0, output: ["inside\n"], in: testBed)
            #expect(worker.told(about: "11") == ["claim"])
            try await builder.end()
        }
    }

    @Test func theLogIsShownUntilATaskFails() async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            let builder = try await StandInBuilder.start(in: testBed)
            worker["12"] = StandInWorker.Job(status: "running", port: builder.port)
            try await worker.log("[#12] 2026/11/21 10:00:00 Booting\n", "12")
            let ended = try await Command.start(
                testBed.ssh(["connect", "12", "echo inside"], to: .sourcehut)
            ) { client in
                try await client.errors.wait(for: "Booting")
                try await worker.log("compiling\r\n", "12", task: "build")
                try await client.errors.wait(for: "[build] compiling")
                worker["12"].status = "failed"
            }
            await expect(ended, status: 0, output: ["inside\n"], in: testBed)
            #expect(worker.told(about: "12") == ["claim"])
            try await builder.end()
        }
    }

    /// `shell: true`: the worker says `running`, all phases being over, and waits for a logout.
    @Test func aJobThatWaitsForAShellIsEnteredAndEnded() async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            let builder = try await StandInBuilder.start(in: testBed)
            worker["13"] = StandInWorker.Job(status: "running", port: builder.port, task: 10, tasks: 10)
            let ended = try await shell(in: "13", testBed: testBed) { try await $0.write("exit 3\n") }
            await expect(ended, status: 3, in: testBed)
            #expect(worker.told(about: "13") == ["claim", "terminate"])
            try await builder.end()
        }
    }

    /// Nothing is ended under tasks that run, nor when the job has changed in between.
    @Test func aLogoutFromARunningJobEndsNothing() async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            let builder = try await StandInBuilder.start(in: testBed)
            worker["14"] = StandInWorker.Job(status: "running", port: builder.port)
            let ended = try await shell(in: "--now", "14", testBed: testBed) { try await $0.write("exit\n") }
            await expect(ended, status: 0, in: testBed)
            #expect(worker.told(about: "14") == ["claim"])
            try await builder.end()
        }
    }

    @Test(arguments: ["cancelled", "gone", "deadline"])
    func aJobThatEndsUnderASessionEndsIt(how: String) async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            let builder = try await worker.wreck("15")
            let ended = try await Command.start(
                testBed.ssh(["connect", "15", Self.patient], to: .sourcehut)
            ) { client in
                try await client.output.wait(for: "ready")
                switch how {
                case "cancelled": worker["15"].status = "cancelled"
                case "gone": worker.forget("15")
                default: worker["15"].deadline = 0
                }
            }
            await expect(
                ended, status: 69, errors: ["The build service has ended this session."], in: testBed)
            #expect(!worker.told(about: "15").contains("terminate"))
            try await builder.end()
        }
    }

    // MARK: Logs

    /// From its disk and over HTTP, by one who follows and by one who comes later; without a terminal too it ends.
    @Test(arguments: [Gateway.sourcehut, .sourcehutRemote])
    func aJobsLogsComeUntilItEnds(gateway: Gateway) async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            worker["30"] = StandInWorker.Job(status: "running", port: 1)
            try await worker.log("[#30] 2026/11/21 10:00:00 Booting\n", "30")
            let log = try await Command.start(
                testBed.ssh(["tail", "30"], to: gateway), deadline: .seconds(60)
            ) { client in
                try await client.output.wait(for: "Booting\n")
                try await worker.log("one\r\ntw", "30", task: "zeta")
                try await client.output.wait(for: "[zeta] one\n[zeta] tw")
                try await worker.log("o\r\n", "30", task: "zeta")
                try await client.output.wait(for: "two\n")
                try await worker.log("no task", "30", task: "No Task")
                try await worker.log("three\r\n", "30", task: "alpha")
                try await client.output.wait(for: "[alpha] three")
                worker["30"].status = "failed"
            }
            await expect(log, status: 1, in: testBed)
            let own = "[#30] 2026/11/21 10:00:00 Booting\n"
            let tasks = "[zeta] one\n[zeta] two\n[alpha] three\n"
            #expect(log.text == own + tasks, "\(log)")
            if gateway == .sourcehutRemote {
                // Last-Modified tells seconds.
                _ = try await testBed.run([
                    "touch", "-d", "1 minute ago", "\(testBed.workerLogs)/30/zeta/log",
                ])
            }
            let later = try await Command.run(testBed.ssh(["tail", "30"], to: gateway))
            await expect(later, status: 1, in: testBed)
            // When the job has ended, the last word is its own.
            #expect(later.text == tasks + own, "\(later)")
            let end = try await Command.run(testBed.ssh(["tail", "-n", "2", "30"], to: gateway))
            await expect(end, status: 1, in: testBed)
            #expect(end.text == "[alpha] three\n" + own, "\(end)")
            try await expectNobodyOnTheGateway(in: testBed)
            #expect(worker.told(about: "30").isEmpty)
        }
    }

    /// The worker forgets it at once.
    @Test func aJobThatSucceedsEndsItsLog() async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            worker["31"] = StandInWorker.Job(status: "running", port: 1)
            try await worker.log("done\n", "31")
            let log = try await Command.start(testBed.ssh(["tail", "31"], to: .sourcehut)) { client in
                try await client.output.wait(for: "done")
                worker.forget("31")
            }
            await expect(log, status: 0, in: testBed)
        }
    }

    /// Files of sessions, without what outlives them.
    private func files(of job: String, in testBed: TestBed) async throws -> [Substring] {
        try await testBed.run(["ls", "\(testBed.sessionFiles)/\(job)"]).text.split(separator: "\n").filter {
            !$0.hasPrefix("@")
        }
    }
}
