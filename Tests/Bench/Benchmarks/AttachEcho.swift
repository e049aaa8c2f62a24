import Subprocess
import TestBed

/// How long a few bytes take to a program on a machine that has dialled the gateway and back, while 10^9 bytes come through the
/// same connection.
enum AttachEcho {
    private static let presses = 150

    static func measure(_ machine: AttachedMachine, _ report: Report) async throws {
        let load = machine.proxied("while :; do \(AttachGigabyte.command); done")
        _ = try await Command.start(load.discardingOutput, deadline: .seconds(120)) { load in
            _ = try await Command.start(
                machine.stage.ssh("builds", "connect", machine.job, "cat"), deadline: .seconds(120)
            ) { program in
                var delays: [Double] = []
                for number in 0..<presses {
                    let start = ContinuousClock.now
                    try await program.write("press \(number)\n")
                    try await program.output.wait(for: "press \(number)\n")
                    delays.append(start.duration(to: .now).seconds)
                    try await Task.sleep(for: .milliseconds(30))
                }
                report.add(
                    Figure(name: "attach-echo-p99", value: delays.percentile(0.99) * 1000, unit: "ms"))
                try await program.finishInput()
            }
            load.send(.terminate)
        }
    }
}

extension [String] {
    /// The same command, without its output.
    fileprivate var discardingOutput: [String] { ["sh", "-c", "exec \"$@\" >/dev/null", "sh"] + self }
}
