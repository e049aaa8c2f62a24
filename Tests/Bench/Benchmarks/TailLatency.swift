/// The time from a task's writing a line until the people who follow the log see it.
enum TailLatency {
    private static let lines = 200

    static func measure(_ job: FollowedJob, _ report: Report) async throws {
        var delays: [Double] = []
        for number in 0..<lines {
            delays += try await blocking { try job.write("line \(number)") }
            // Lines that come one by one, not a stream.
            try await Task.sleep(for: .milliseconds(30))
        }
        report.add(Figure(name: "tail-p99", value: delays.percentile(0.99) * 1000, unit: "ms"))
    }
}
