import ArgumentParser
import Glibc
import TestBed

/// All benchmarks, one after another.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints a line for each figure; docs/benchmarks.md says what they mean.")

    @Option(help: "The folder with the programs, built for release.") var programs: String
    @Option(help: "The drop-in for sshd.") var dropIn: String
    @Option(help: "The folder with the programs to compare with.") var contenders: String
    @Option(help: "An interpreter of Python that has paramiko.") var python: String
    @Option(help: "The script that carries packets with a delay.") var link: String
    @Option(help: "The script sallyport-attach.") var attach: String
    @Option(help: "The folder with the images, among them debian.") var images: String
    @Option(help: "The script that makes a Slurm cluster.") var cluster: String
    @Option(help: "A folder for temporary files; it is emptied.") var scratch: String

    @Option(help: "Run only this benchmark, such as connect-1gb; can be repeated.") var only: [String] = []

    @Option(help: "The output of an earlier run, in a file: says what is worse now by more than a tenth.")
    var compare: KeptRun?

    /// After this many seconds something must be stuck.
    private static let limit = 1500

    /// What `--only` can name.
    private static let onStage = [
        "dispatch", "connect-true", "connect-true-remote", "connect-1gb", "proxy-true", "proxy-1gb",
        "session-pss",
        "session-hostile-pss", "tails", "logins", "attach", "failure-to-prompt",
    ]
    private static var benchmarks: [String] {
        onStage + Scale.Benchmark.allCases.map(\.rawValue) + [AllocateSlurm.name]
    }

    func validate() throws {
        for name in only where !Self.benchmarks.contains(name) {
            throw ValidationError(
                "There is no benchmark “\(name)”. Choose one of: \(Self.benchmarks.joined(separator: ", ")).")
        }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let report = Report(only: only, comparingWith: compare)
        let alarm = Task {
            try await Task.sleep(for: .seconds(Self.limit))
            report.giveUp("not ready after \(Self.limit) seconds")
        }
        defer { alarm.cancel() }
        do {
            report.say(try Host.description())
            let scratch = try await Scratch.make(
                scratch, programs: programs, contenders: contenders, link: link, python: python)
            if only.isEmpty || !Set(only).isDisjoint(with: Self.onStage) {
                try await TestBed.with(settings(scratch)) { testBed in
                    try await measure(
                        try await Stage.set(
                            in: testBed, scratch: scratch, contenders: contenders, script: attach), report)
                }
            }
            for benchmark in Scale.Benchmark.allCases {
                await report.attempt(benchmark.rawValue) {
                    try await Scale.measure(benchmark, in: settings(scratch), report)
                }
            }
            await report.attempt(AllocateSlurm.name) {
                try await AllocateSlurm.measure(
                    in: settings(scratch), images: images, cluster: cluster, report)
            }
        } catch {
            report.fail("the rest", "\(error)")
        }
        report.compare()
        if report.hasFailures { throw ExitCode.failure }
    }

    private func measure(_ stage: Stage, _ report: Report) async throws {
        await report.attempt("dispatch") {
            try await Dispatch.measure(stage, contenders: contenders, report)
        }
        await report.attempt("connect-true") { try await ConnectTrue.measure(stage, report) }
        await report.attempt("connect-true-remote") { try await ConnectTrueRemote.measure(stage, report) }
        await report.attempt("connect-1gb") { try await ConnectGigabyte.measure(stage, report) }
        await report.attempt("proxy-true") { try await ProxyTrue.measure(stage, report) }
        await report.attempt("proxy-1gb") { try await ProxyGigabyte.measure(stage, report) }
        await report.attempt("session-pss") { try await SessionMemory.measure(stage, report) }
        await report.attempt("session-hostile-pss") { try await HostileMemory.measure(stage, report) }
        await report.attempt("tails") {
            try await FollowedJob.with(stage, tails: 100) { job in
                await report.attempt("tails") { try await IdleTails.measure(stage, job, report) }
                await report.attempt("tails") { try await TailLatency.measure(job, report) }
            }
        }
        await report.attempt("logins") { try await Logins.measure(stage, report) }
        await report.attempt("attach") {
            try await AttachedMachine.with(stage) { machine in
                await report.attempt("attach") { try await AttachConnect.measure(machine, report) }
                await report.attempt("attach") { try await AttachGigabyte.measure(machine, report) }
                await report.attempt("attach") { try await AttachEcho.measure(machine, report) }
            }
        }
        await report.attempt("failure-to-prompt") { try await FailureToPrompt.measure(stage, report) }
    }

    private func settings(_ scratch: Scratch) -> TestBedSettings {
        var settings = TestBedSettings(
            programs: scratch.programs, images: scratch.images, dropIn: dropIn, gateways: [.builds, .stray],
            people: [Stage.person], owner: getuid(), ownerGroup: getgid())
        settings.runner = "sallyport-bench"
        settings.slots = 4
        return settings
    }
}
