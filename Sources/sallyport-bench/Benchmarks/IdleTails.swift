import World

/// What the forced commands of tails do while nothing happens.
enum IdleTails {
    private static let seconds = 30

    static func measure(_ stage: Stage, _ job: FollowedJob, _ report: Report) async throws {
        let before = try await timeWhenSettled(stage, job)
        try await Task.sleep(for: .seconds(seconds))
        let after = try await time(stage, job)
        report.add(Figure(name: "tail-idle-cpu", value: after - before, unit: "s"))
    }

    /// The last of them have only just started. Whatever they do all the time is found by the measurement itself.
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

    /// Seconds on a processor, of all of them: proc(5), to the nanosecond where `stat` counts hundredths.
    private static func time(_ stage: Stage, _ job: FollowedJob) async throws -> Double {
        let times = try await ForcedCommands.read("cat task/*/schedstat", in: stage.world)
        guard times.count == job.count, times.allSatisfy({ $0 > 0 }) else {
            throw WorldError("\(job.count) tails have \(times.count) forced commands whose time is known")
        }
        return times.reduce(0, +) / 1e9
    }
}
