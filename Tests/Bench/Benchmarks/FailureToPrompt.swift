import Synchronization
import TestBed

/// From the failure of a command until somebody who waits for it runs a command on its machine: the machine's private sshd is
/// made, it dials the gateway, and becomes a job.
enum FailureToPrompt {
    private static let rounds = 5

    static func measure(_ stage: Stage, _ report: Report) async throws {
        let times = Mutex<[Double]>([])
        for _ in 0..<rounds {
            let start = ContinuousClock.now
            _ = try await Command.start(AttachedMachine.script(stage, "--", "false"), deadline: .seconds(60))
            {
                command in
                let job = try await AttachedMachine.job(of: command)
                let entered = try await Command.run(stage.ssh("builds", "connect", job, "true"))
                times.withLock { $0.append(start.duration(to: .now).seconds) }
                guard entered.status == 0 else {
                    throw TestBedError("nobody could enter", log: entered.description)
                }
                _ = try await Command.run(stage.ssh("builds", "release", "--yes", job))
            }
        }
        report.add(Figure(name: "failure-to-prompt", value: times.withLock(\.median), unit: "s"))
    }
}
