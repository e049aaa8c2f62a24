import Foundation
import TestBed
import Testing

/// Who cannot enter builders of builds.sr.ht's worker.
@Suite struct SourcehutRefusalsTests {
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
        Stale(name: "success", sentence: "Job 20 succeeded", change: { $0.status = "success" }),
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

    /// The worker still names a port, but another job's builder listens there.
    @Test(arguments: stale) func aPersonWhoComesTooLateIsRefused(job: Stale) async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            let builder = try await StandInBuilder.start(in: testBed)
            worker["20"].port = builder.port
            job.change(&worker["20"])
            try await worker.log(job.log, "20")
            _ = try await testBed.run([
                "touch", "-d", "\(job.age) seconds ago", "\(testBed.workerLogs)/20/log",
            ])
            for gateway in [Gateway.sourcehut, .sourcehutRemote] {
                let refused = try await Command.run(
                    testBed.ssh(["connect", "20", "echo inside"], to: gateway))
                await expect(refused, status: 69, errors: [job.sentence, "its builder is gone"], in: testBed)
                #expect(refused.output.isEmpty, "\(refused)")
            }
            #expect(worker.told(about: "20").isEmpty)
            try await builder.end()
        }
    }

    @Test func anotherMachineOnThePortIsNotEntered() async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            let builder = try await worker.wreck("21")
            await expect(try await worker.connect(["21", "true"]), status: 0, in: testBed)
            try await builder.end()
            let other = try await StandInBuilder.start(in: testBed, at: builder.port)
            try await worker.refuses(
                "21", status: 78, "The builder's host key is not that of this job's machine.")
            #expect(!worker.told(about: "21").contains("terminate"))
            try await other.end()
        }
    }

    @Test func whatTheWorkerSaysDecidesWhoGetsIn() async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            let builder = try await worker.wreck("22")
            worker["23"] = StandInWorker.Job(owner: 2, username: "bob", port: builder.port)
            worker["24"] = StandInWorker.Job(port: builder.port, form: .oldest)
            worker["25"] = StandInWorker.Job(port: 1)
            try await worker.refuses(
                "23", status: 77, "Job 23 belongs to ~bob, not to you (~alice, by the key SHA256:")
            try await worker.refuses("24", status: 78, "The build service is too old to say whether")
            try await worker.refuses("25", status: 69, "The builder cannot be reached.")
            try await worker.refuses("26", status: 66, "There is no job 26.")
            try await worker.refuses("22x", status: 66, "There is no job 22x.")
            try await worker.refuses("022", status: 66, "There is no job 022.")
            try await worker.refuses("../22", status: 64, "is not a job. A job's id has at most 64 letters")
            let stranger = try await worker.connect(["22", "echo inside"], as: "mallory")
            await expect(stranger, status: 77, errors: ["is unknown here"], in: testBed)
            #expect(worker.told(about: "22").isEmpty && worker.told(about: "24").isEmpty)
            try await builder.end()
        }
        let alone = try await Command.run(testBed.ssh(["connect", "22", "echo inside"], to: .sourcehut))
        await expect(alone, status: 75, errors: ["The build service cannot be reached."], in: testBed)
        #expect(alone.errorText.count { $0 == "\n" } == 1, "\(alone)")
    }

    @Test func thereIsNoListOfJobs() async throws {
        let testBed = try await SharedTestBed.get()
        try await StandInWorker.serving(in: testBed) { worker in
            let greeted = try await Command.run(testBed.ssh([], to: .sourcehut))
            await expect(
                greeted, status: 0,
                output: [
                    "Hello ~alice.", "cannot list your jobs. Name the job in each command.", "connect JOB",
                ],
                in: testBed)
            for verb in ["connect", "tail"] {
                let asked = try await Command.run(testBed.ssh([verb], to: .sourcehut))
                await expect(
                    asked, status: 64, errors: ["cannot list your jobs. Name the job you mean."], in: testBed)
            }
        }
        let tool = try await testBed.run([
            "sh", "-ec",
            """
            printf '[service]\\nkind = "sourcehut"\\n[sourcehut]\\nworker_url = "unix:/w"\\nmeta_url = "unix:/m"\\n' >"$2"
            exec "$1/sallyport" jobs --config "$2"
            """, "sh", Repository.programs, "\(testBed.folder)/run/sourcehut.toml",
        ])
        await expect(tool, status: 78, errors: ["This needs a build service that speaks API v1"], in: testBed)
    }
}
