import BuildAPI
import FoundationEssentials
import Presentation

/// How jobs and their builders end.
extension Lifecycle {
    /// - Parameter end: a reason to end the builder, even if something else would keep it.
    mutating func finish(
        _ status: Job.Status, endingBuilder end: Job.BuilderEnd? = nil, at now: Date
    ) -> [Effect] {
        record.job.status = status
        for index in record.job.tasks.indices {
            switch record.job.tasks[index].status {
            case .pending: record.job.tasks[index].status = .skipped
            case .running:
                record.job.tasks[index].status = .failed
                record.job.tasks[index].ended = now
            case .success, .failed, .skipped: break
            }
        }
        let audit = Effect.audit("ended: \(EntryLines.ending(record.job))")
        let isKept = Self.isKept(
            after: status, shell: record.build.shell, isClaimed: !record.claims.isEmpty,
            isHeld: record.job.held)
        guard end == nil, isKept, record.job.builder != nil else {
            return [audit, .log(status.rawValue), .closeLogs, .publish(.status)]
                + endBuilder(end ?? .init(reason: .success))
        }
        record.job.builder?.state = .kept
        // People who are already inside count from now on, and so does a hold.
        if !record.claims.isEmpty { enter(at: now) }
        if record.job.held { promise(until: now.addingTimeInterval(Double(times.life))) }
        let effects = keepAnew(at: now)
        let until = record.job.deadline.map { $0.formatted(.iso8601) } ?? ""
        return [
            audit, .log(status.rawValue), .log("the builder is kept until \(until)"), .closeLogs,
            .publish(.status),
        ] + effects
    }

    /// Whether a builder is kept after its job has ended like that.
    static func isKept(after status: Job.Status, shell: Bool, isClaimed: Bool, isHeld: Bool) -> Bool {
        switch status {
        case .failed: true
        case .success: shell || isClaimed || isHeld
        case .timeout, .cancelled: false
        case .pending, .queued, .running: true
        }
    }

    mutating func endBuilder(_ end: Job.BuilderEnd) -> [Effect] {
        record.job.builder == nil ? [] : loseBuilder(end) + [.endBuilder]
    }

    mutating func loseBuilder(_ end: Job.BuilderEnd) -> [Effect] {
        let audits = record.claims.map { Effect.audit("session \($0.session): ended with its builder") }
        record.job.builder = nil
        record.job.builderEnd = end
        record.job.deadline = nil
        record.job.held = false
        record.job.keep = nil
        record.lifetime = nil
        record.claims = []
        record.job.sessions = []
        let why = Effect.audit("the builder ends: \(end.reason.rawValue)")
        return audits + [why, .publish(.builder)]
    }
}
