import Audit
import BuildAPI
import FoundationEssentials
import Presentation

/// How jobs and their builders end.
extension Lifecycle {
    /// - Parameters:
    ///   - end: a reason to end the builder, even if something else would keep it.
    ///   - room: for one more kept builder of the job's owner.
    mutating func finish(
        _ status: Job.Status, endingBuilder end: Job.BuilderEnd? = nil, room: KeptRoom = .free, at now: Date
    ) -> [Effect] {
        guard advance(to: status) else { return [] }
        record.job.waits = nil
        record.artifactsUntil = nil
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
        let isKept = Self.isKept(after: status, keep: record.build.keep, isNeeded: isNeeded)
        guard end == nil, isKept, record.job.builder != nil else {
            return [audit, .log(status.rawValue), .closeLogs, .publish(.status)]
                + endBuilder(end ?? .init(reason: status == .success ? .success : .notKept))
        }
        if case .full(let count, let named) = room, !isNeeded {
            let these = WaitReason.list(named, "or")
            let has = record.job.owner.has
            let sentence =
                "the builder is not kept: \(has) \(count.counted("kept builder")), which is the limit; to make room, release \(these)"
            return [audit, .log(status.rawValue), .log(sentence), .closeLogs, .publish(.status)]
                + endBuilder(.init(reason: .limit))
        }
        record.job.builder?.state = .kept
        record.keptSince = now
        record.job.maxDeadline = latestEnd
        // People who are already inside count from now on, and so does a hold.
        if !record.claims.isEmpty { enter(at: now) }
        if record.job.held { promise(until: now.addingTimeInterval(Double(times.life))) }
        let effects = keepAnew(at: now)
        let until = record.job.deadline.map { $0.formatted(.iso8601) } ?? ""
        return [audit, .log(status.rawValue)] + makeRoom(room)
            + [.log("the builder is kept until \(until)"), .closeLogs, .publish(.status)] + effects
    }

    private func makeRoom(_ room: KeptRoom) -> [Effect] {
        guard case .instead(let oldest, let isNamed) = room else { return [] }
        let builder = isNamed ? "the builder of job \(oldest)" : "an older builder of the same owner"
        return [
            .log(
                "to make room, \(builder) ends: \(record.job.owner.has) as many kept builders as one owner can have"
            ), .makeRoom(instead: oldest),
        ]
    }

    /// Whether someone is inside, or holds the builder.
    private var isNeeded: Bool { !record.claims.isEmpty || record.job.held }

    /// A newer builder of its owner's is kept in its place.
    mutating func displaced(at now: Date) -> [Effect] {
        guard record.job.builder?.state == .kept, !isNeeded else { return [] }
        return endBuilder(.init(reason: .limit))
    }

    /// Whether a builder is kept after its job has ended like that.
    ///
    /// - Parameter isNeeded: someone is inside, or holds it.
    static func isKept(after status: Job.Status, keep: KeepRule, isNeeded: Bool) -> Bool {
        switch status {
        case .failed: keep != .never || isNeeded
        case .success: keep == .always || isNeeded
        case .timeout, .cancelled: false
        case .pending, .queued, .running: true
        }
    }

    mutating func endBuilder(_ end: Job.BuilderEnd) -> [Effect] {
        record.job.builder == nil ? [] : loseBuilder(end) + [.endBuilder]
    }

    mutating func loseBuilder(_ end: Job.BuilderEnd) -> [Effect] {
        let audits = record.claims.map { claim in
            Effect.audit("session \(claim.session): ended with its builder", AuditRecord(endOf: claim))
        }
        record.job.builder = nil
        record.job.builderEnd = end
        record.job.deadline = nil
        record.job.held = false
        record.job.keep = nil
        record.lifetime = nil
        record.until = nil
        record.keptSince = nil
        record.claims = []
        record.endedSessions = []
        record.job.sessions = []
        let why = Effect.audit("the builder ends: \(end.reason.rawValue)")
        return audits + [why, .publish(.builder)]
    }
}
