import Foundation
import Subprocess
import Testing
import World

/// A gateway in front of builds.sr.ht's worker: who gets into which builder, and what becomes of it.
@Suite struct SourcehutTests {
    /// A command that says when it has begun, and goes on when it is told to.
    private static let patient = "echo ready; read word; echo got $word"

    private func connect(
        _ world: World, _ words: [String], as person: String? = nil, deadline: Duration = .seconds(30)
    ) async throws -> Finished {
        try await Command.run(
            world.ssh(["connect"] + words, to: .sourcehut, as: person), deadline: deadline)
    }

    /// A failed job with a builder that lives.
    private func wreck(
        _ worker: StandInWorker, _ id: String, options: [String] = []
    ) async throws -> StandInBuilder {
        let builder = try await StandInBuilder.start(in: worker.world, options: options)
        worker[id].port = builder.port
        try await worker.log("[#\(id)] 2026/11/21 10:00:00 Build failed.\n", id)
        return builder
    }

    private func refuses(
        _ worker: StandInWorker, _ id: String, status: Int32, _ sentence: String,
        at place: SourceLocation = #_sourceLocation
    ) async throws {
        let refused = try await connect(worker.world, [id, "echo inside"])
        await expect(refused, status: status, errors: [sentence], in: worker.world, at: place)
        #expect(refused.output.isEmpty, "\(refused)", sourceLocation: place)
    }

    // MARK: Entering

    /// What comes back is the command's own, and it is no logout.
    @Test(arguments: [StandInWorker.Job.Form.json, .yaml])
    func aCommandRunsAsItWasWrittenAndEndsNothing(form: StandInWorker.Job.Form) async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            let builder = try await wreck(worker, "42")
            worker["42"].form = form
            let words = #"printf '%s|' "two words" 'it'\''s' "$((6*7))"; echo; exit 7"#
            let ended = try await connect(world, ["42", words])
            await expect(ended, status: 7, output: ["two words|it's|42|\n"], in: world)
            #expect(worker.told(about: "42") == ["claim"])
            let syslog = try await world.log("syslog")
            #expect(
                syslog.contains(
                    "job=42 the service gives no host key; the builder shows \(try await builder.fingerprint())"
                ))
            let unbalanced = try await connect(world, ["42", "echo 'no end"])
            await expect(unbalanced, status: 2, errors: ["unexpected EOF"], in: world)
            #expect(!worker.told(about: "42").contains("terminate"))
            try await builder.end()
        }
    }

    /// OpenSSH lets us in without a password where an empty one would do; here is one that takes neither.
    @Test func allThatNeedsNoSecretIsTried() async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            let builder = try await wreck(
                worker, "43", options: ["-o", "PermitEmptyPasswords=no", "-o", "LogLevel=VERBOSE"])
            try await refuses(worker, "43", status: 78, "The builder does not let the gateway in.")
            let log = try await builder.log()
            #expect(log.contains("Failed publickey for build"), "\(log)")
            let last = try await world.log("syslog").split(separator: "\n").last { $0.contains("refused") }
            #expect(last?.contains("authenticating: Access denied for 'password'") == true, "\(last ?? "")")
            try await builder.end()
        }
    }

    @Test func theLastLogoutEndsTheBuilderForGood() async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            let builder = try await wreck(worker, "7")
            let first = try await Command.start(world.ssh(["connect", "7"], to: .sourcehut)) { client in
                try await client.write("echo ready\n")
                try await client.output.wait(for: "ready")
                let second = try await Command.start(world.ssh(["connect", "7"], to: .sourcehut)) {
                    try await $0.write("exit 5\n")
                }
                await expect(second, status: 5, in: world)
                #expect(worker.told(about: "7") == ["claim", "claim"], "somebody is still inside")
                try await client.write("exit 6\n")
            }
            await expect(first, status: 6, in: world)
            #expect(worker.told(about: "7") == ["claim", "claim", "terminate"])
            // The worker goes on to name the port; whoever listens there now is somebody else.
            try await refuses(worker, "7", status: 69, "Job 7 failed")
            try await builder.end()
        }
    }

    /// Its file stays, and its lock does not.
    @Test func whoeverIsKilledDoesNotCount() async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            let builder = try await wreck(worker, "8")
            let killed = try await Command.start(
                world.ssh(["connect", "8", Self.patient], to: .sourcehut)
            ) { client in
                try await client.output.wait(for: "ready")
                try await world.signalForcedCommands("KILL")
            }
            #expect(killed.status != 0)
            #expect(try await files(of: "8", in: world).count == 1)
            let last = try await Command.start(world.ssh(["connect", "8"], to: .sourcehut)) {
                try await $0.write("exit\n")
            }
            await expect(last, status: 0, in: world)
            #expect(worker.told(about: "8") == ["claim", "claim", "terminate"])
            #expect(try await files(of: "8", in: world).isEmpty)
            try await builder.end()
        }
    }

    /// A dropped line is no logout; a session that is ended by a signal leaves no file.
    @Test func whoeverIsCutOffEndsNothing() async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            let builder = try await wreck(worker, "9")
            _ = try await Command.start(
                world.ssh(["connect", "9"], to: .sourcehut, options: ["-tt"]), terminal: try PseudoTerminal()
            ) { client in
                try await client.write("echo rea''dy\n")
                try await client.output.wait(for: "ready\r\n")
                client.send(.kill)
            }
            try await expectNobodyOnTheGateway(in: world)
            #expect(worker.told(about: "9") == ["claim"])
            #expect(try await files(of: "9", in: world).isEmpty)
            try await builder.end()
        }
    }

    // MARK: Waiting

    @Test func aBuilderThatBootsIsWaitedFor() async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            let builder = try await StandInBuilder.start(in: world)
            worker["11"] = StandInWorker.Job(status: "running", port: 0, task: 0, tasks: 0)
            let ended = try await Command.start(
                world.ssh(["connect", "--now", "11", "echo inside"], to: .sourcehut)
            ) { client in
                try await client.errors.wait(for: "The builder of job 11 is booting.")
                #expect(worker.told(about: "11").isEmpty, "nobody has come yet")
                worker["11"].port = builder.port
                worker["11"].tasks = 10
            }
            await expect(ended, status: 0, output: ["inside\n"], in: world)
            #expect(worker.told(about: "11") == ["claim"])
            try await builder.end()
        }
    }

    @Test func theLogIsShownUntilATaskFails() async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            let builder = try await StandInBuilder.start(in: world)
            worker["12"] = StandInWorker.Job(status: "running", port: builder.port)
            try await worker.log("[#12] 2026/11/21 10:00:00 Booting\n", "12")
            let ended = try await Command.start(
                world.ssh(["connect", "12", "echo inside"], to: .sourcehut)
            ) { client in
                try await client.errors.wait(for: "Booting")
                try await worker.log("compiling\r\n", "12", task: "build")
                try await client.errors.wait(for: "[build] compiling")
                worker["12"].status = "failed"
            }
            await expect(ended, status: 0, output: ["inside\n"], in: world)
            #expect(worker.told(about: "12") == ["claim"])
            try await builder.end()
        }
    }

    /// `shell: true`: the worker says `running`, all phases being over, and waits for a logout.
    @Test func aJobThatWaitsForAShellIsEnteredAndEnded() async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            let builder = try await StandInBuilder.start(in: world)
            worker["13"] = StandInWorker.Job(status: "running", port: builder.port, task: 10, tasks: 10)
            let ended = try await Command.start(world.ssh(["connect", "13"], to: .sourcehut)) {
                try await $0.write("exit 3\n")
            }
            await expect(ended, status: 3, in: world)
            #expect(worker.told(about: "13") == ["claim", "terminate"])
            try await builder.end()
        }
    }

    /// Nothing is ended under tasks that run, nor when the job has changed in between.
    @Test func aLogoutFromARunningJobEndsNothing() async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            let builder = try await StandInBuilder.start(in: world)
            worker["14"] = StandInWorker.Job(status: "running", port: builder.port)
            let ended = try await Command.start(world.ssh(["connect", "--now", "14"], to: .sourcehut)) {
                try await $0.write("exit\n")
            }
            await expect(ended, status: 0, in: world)
            #expect(worker.told(about: "14") == ["claim"])
            try await builder.end()
        }
    }

    @Test(arguments: ["cancelled", "gone", "deadline"])
    func aJobThatEndsUnderASessionEndsIt(how: String) async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            let builder = try await wreck(worker, "15")
            let ended = try await Command.start(
                world.ssh(["connect", "15", Self.patient], to: .sourcehut)
            ) { client in
                try await client.output.wait(for: "ready")
                switch how {
                case "cancelled": worker["15"].status = "cancelled"
                case "gone": worker.forget("15")
                default: worker["15"].deadline = 0
                }
            }
            await expect(
                ended, status: 69, errors: ["The build service has ended this session."], in: world)
            #expect(!worker.told(about: "15").contains("terminate"))
            try await builder.end()
        }
    }

    // MARK: Refusals

    struct Stale: Sendable, CustomTestStringConvertible {
        let name: String
        let sentence: String
        let change: @Sendable (inout StandInWorker.Job) -> Void
        /// What the worker has written at the end of the job's log.
        var log = ""
        /// How long ago that was, in seconds.
        var age = 0

        var testDescription: String { name }
    }

    static let stale = [
        Stale(
            name: "its time ran out", sentence: "Job 20 ran out of time", change: { $0.status = "timeout" }),
        Stale(name: "cancelled", sentence: "Job 20 was cancelled", change: { $0.status = "cancelled" }),
        Stale(name: "success", sentence: "Job 20 ended with success", change: { $0.status = "success" }),
        Stale(name: "failed, past its deadline", sentence: "Job 20 failed", change: { $0.deadline = 1 }),
        Stale(
            name: "running, past its deadline", sentence: "Job 20 ran out of time",
            change: {
                $0.status = "running"
                $0.deadline = 1
            }),
        Stale(
            name: "failed eleven minutes ago", sentence: "Job 20 failed", change: { _ in },
            log: "[#20] 2026/11/21 10:00:00 Build failed.\n", age: 660),
        Stale(
            name: "failed, and the log says that the builder has ended", sentence: "Job 20 failed",
            change: { _ in },
            log: "[#20] 2026/11/21 10:10:00 Deadline elapsed. Terminating build environment.\n"),
        Stale(
            name: "failed while booting", sentence: "Job 20 failed",
            change: {
                $0.task = 0
                $0.tasks = 0
            }),
    ]

    /// The worker still names a port, and somebody else's builder listens there.
    @Test(arguments: stale) func whoeverComesTooLateIsRefused(job: Stale) async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            let builder = try await StandInBuilder.start(in: world)
            worker["20"].port = builder.port
            job.change(&worker["20"])
            try await worker.log(job.log, "20")
            _ = try await world.run(["touch", "-d", "\(job.age) seconds ago", "\(world.workerLogs)/20/log"])
            for gateway in [Gateway.sourcehut, .sourcehutRemote] {
                let refused = try await Command.run(world.ssh(["connect", "20", "echo inside"], to: gateway))
                await expect(refused, status: 69, errors: [job.sentence, "its builder is gone"], in: world)
                #expect(refused.output.isEmpty, "\(refused)")
            }
            #expect(worker.told(about: "20").isEmpty)
            try await builder.end()
        }
    }

    @Test func anotherMachineOnThePortIsNotEntered() async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            let builder = try await wreck(worker, "21")
            await expect(try await connect(world, ["21", "true"]), status: 0, in: world)
            try await builder.end()
            let other = try await StandInBuilder.start(in: world, at: builder.port)
            try await refuses(
                worker, "21", status: 78, "The builder does not prove that it is the machine of this job.")
            #expect(!worker.told(about: "21").contains("terminate"))
            try await other.end()
        }
    }

    @Test func whatTheWorkerSaysDecidesWhoGetsIn() async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            let builder = try await wreck(worker, "22")
            worker["23"] = StandInWorker.Job(owner: 2, username: "bob", port: builder.port)
            worker["24"] = StandInWorker.Job(port: builder.port, form: .oldest)
            worker["25"] = StandInWorker.Job(port: 1)
            try await refuses(worker, "23", status: 77, "Job 23 belongs to ~bob, not to you (~alice).")
            try await refuses(worker, "24", status: 78, "The build service is too old to say whether")
            try await refuses(worker, "25", status: 69, "The builder cannot be reached.")
            try await refuses(worker, "26", status: 66, "There is no job 26.")
            try await refuses(worker, "22x", status: 66, "There is no job 22x.")
            try await refuses(worker, "022", status: 66, "There is no job 022.")
            try await refuses(worker, "../22", status: 64, "is not the name of a job")
            let stranger = try await connect(world, ["22", "echo inside"], as: "mallory")
            await expect(stranger, status: 77, errors: ["is not known here"], in: world)
            #expect(worker.told(about: "22").isEmpty && worker.told(about: "24").isEmpty)
            try await builder.end()
        }
        let alone = try await connect(world, ["22", "echo inside"])
        await expect(alone, status: 75, errors: ["The build service cannot be reached."], in: world)
        #expect(alone.errorText.count { $0 == "\n" } == 1, "\(alone)")
    }

    @Test func thereIsNoListOfJobs() async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            let greeted = try await Command.run(world.ssh([], to: .sourcehut))
            await expect(
                greeted, status: 0, output: ["Hello ~alice.", "has no list of your jobs", "connect JOB"],
                in: world)
            for verb in ["connect", "tail"] {
                let asked = try await Command.run(world.ssh([verb], to: .sourcehut))
                await expect(asked, status: 64, errors: ["Name the job you mean"], in: world)
            }
        }
        let tool = try await world.run([
            "sh", "-ec",
            """
            printf '[service]\\nkind = "sourcehut"\\n[sourcehut]\\nworker_url = "unix:/w"\\nmeta_url = "unix:/m"\\n' >"$2"
            exec "$1/sallyport" jobs --config "$2"
            """, "sh", Repository.programs, "\(world.folder)/run/sourcehut.toml",
        ])
        await expect(tool, status: 78, errors: ["This needs a build service that speaks API v1"], in: world)
    }

    // MARK: Logs

    /// From its disk and over HTTP, by one who follows and by one who comes later; without a terminal too it ends.
    @Test(arguments: [Gateway.sourcehut, .sourcehutRemote])
    func aJobsLogsComeUntilItEnds(gateway: Gateway) async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            worker["30"] = StandInWorker.Job(status: "running", port: 1)
            try await worker.log("[#30] 2026/11/21 10:00:00 Booting\n", "30")
            let log = try await Command.start(
                world.ssh(["tail", "30"], to: gateway), deadline: .seconds(60)
            ) { client in
                try await client.output.wait(for: "Booting\n")
                try await worker.log("one\r\ntw", "30", task: "zeta")
                try await client.output.wait(for: "[zeta] one\r\n[zeta] tw")
                try await worker.log("o\r\n", "30", task: "zeta")
                try await client.output.wait(for: "two\r\n")
                try await worker.log("no task", "30", task: "No Task")
                try await worker.log("three\r\n", "30", task: "alpha")
                try await client.output.wait(for: "[alpha] three")
                worker["30"].status = "failed"
            }
            await expect(log, status: 1, in: world)
            let expected = "[#30] 2026/11/21 10:00:00 Booting\n[zeta] one\r\n[zeta] two\r\n[alpha] three\r\n"
            #expect(log.text == expected, "\(log)")
            if gateway == .sourcehutRemote {
                // Last-Modified tells seconds.
                _ = try await world.run(["touch", "-d", "1 minute ago", "\(world.workerLogs)/30/zeta/log"])
            }
            let later = try await Command.run(world.ssh(["tail", "30"], to: gateway))
            await expect(later, status: 1, in: world)
            #expect(later.text == expected, "\(later)")
            try await expectNobodyOnTheGateway(in: world)
            #expect(worker.told(about: "30").isEmpty)
        }
    }

    /// The worker forgets it at once.
    @Test func aJobThatSucceedsEndsItsLog() async throws {
        let world = try await SharedWorld.get()
        try await StandInWorker.serving(in: world) { worker in
            worker["31"] = StandInWorker.Job(status: "running", port: 1)
            try await worker.log("done\n", "31")
            let log = try await Command.start(world.ssh(["tail", "31"], to: .sourcehut)) { client in
                try await client.output.wait(for: "done")
                worker.forget("31")
            }
            await expect(log, status: 0, in: world)
        }
    }

    /// Files of sessions, without what outlives them.
    private func files(of job: String, in world: World) async throws -> [Substring] {
        try await world.run(["ls", "\(world.sessionFiles)/\(job)"]).text.split(separator: "\n").filter {
            !$0.hasPrefix("@")
        }
    }
}
