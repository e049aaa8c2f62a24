import TestBed

/// The processor time of idle tails.
enum IdleTails {
    private static let seconds = 30

    static func measure(_ stage: Stage, _ job: FollowedJob, _ report: Report) async throws {
        let before = try await timeWhenSettled(stage, job)
        try await Task.sleep(for: .seconds(seconds))
        let after = try await time(stage, job)
        report.add(Figure(name: "tail-idle-cpu", value: after - before, unit: "s"))
    }

    /// Gives the last ones time to start. The measurement finds anything that they do all the time.
    private static func timeWhenSettled(_ stage: Stage, _ job: FollowedJob) async throws -> Double {
        var latest = try await time(stage, job)
        for _ in 0..<10 {
            try await Task.sleep(for: .seconds(1))
            let earlier = latest
            latest = try await time(stage, job)
            if latest == earlier { break }
        }
        return latest
    }

    /// The processor time of all of them in seconds: proc(5), in nanoseconds, while `stat` counts hundredths.
    private static func time(_ stage: Stage, _ job: FollowedJob) async throws -> Double {
        let times = try await ForcedCommands.read("cat task/*/schedstat", in: stage.testBed)
        guard times.count == job.count, times.allSatisfy({ $0 > 0 }) else {
            throw TestBedError("\(job.count) tails have \(times.count) forced commands with a known time")
        }
        return times.reduce(0, +) / 1e9
    }
}
