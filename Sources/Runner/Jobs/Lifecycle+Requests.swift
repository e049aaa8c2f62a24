import Audit
import BuildAPI
import FoundationEssentials

/// What people ask of a job and its builder. The job's own log does not name them, because strangers can read it.
extension Lifecycle {
    /// Moves the deadline to a later time, never to an earlier one.
    mutating func extended(
        to moment: Date, by requester: Requester, at now: Date
    ) throws(RunnerError) -> [Effect] {
        guard record.job.status.isFinal else {
            throw RunnerError(
                .conflict, "The job has not ended. Its builder has no deadline until it is kept.")
        }
        guard record.job.builder != nil else { throw RunnerError(.gone, "The builder is gone.") }
        // Times on the wire are whole seconds.
        if let latest = record.job.maxDeadline, moment >= latest.addingTimeInterval(1) {
            throw RunnerError(
                .unprocessable(line: nil, key: nil),
                "The builder of job \(record.job.id) can stay until \(latest.formatted(.iso8601)) at the latest."
            )
        }
        promise(until: max(moment, record.job.deadline ?? moment))
        record.lifetime?.isExtended = true
        let before = record.job.deadline
        let effects = record.claims.isEmpty ? keepAnew(at: now) : updateDeadline()
        guard let deadline = record.job.deadline, deadline != before else { return effects }
        let moved = "the deadline moves to \(deadline.formatted(.iso8601))"
        return [audit(moved, "extend", requester)] + effects
    }

    /// Keeps the builder after the last logout, until its deadline.
    mutating func held(by requester: Requester, at now: Date) throws(RunnerError) -> [Effect] {
        guard !record.isOver else { throw RunnerError(.gone, "The builder is gone.") }
        guard !record.job.held else { return [] }
        record.job.held = true
        let audit = audit("held", "hold", requester)
        guard record.job.builder?.state == .kept else { return [audit, .publish(.deadline)] }
        if record.lifetime?.isEntered != true { promise(until: now.addingTimeInterval(Double(times.life))) }
        return [audit] + Self.told(record.claims.isEmpty ? keepAnew(at: now) : updateDeadline())
    }

    mutating func unheld(by requester: Requester, at now: Date) throws(RunnerError) -> [Effect] {
        guard !record.isOver else { throw RunnerError(.gone, "The builder is gone.") }
        guard record.job.held else { return [] }
        record.job.held = false
        let audit = audit("no longer held", "unhold", requester)
        let isEmpty = record.job.builder?.state == .kept && record.claims.isEmpty
        if isEmpty, endsWhenLeft { return [audit] + endBuilder(.init(reason: .success)) }
        return [audit] + Self.told(isEmpty ? keepAnew(at: now) : updateDeadline())
    }

    /// Ends the builder, with the tasks in it.
    mutating func builderReleased(by requester: Requester, at now: Date) throws(RunnerError) -> [Effect] {
        guard record.job.builder != nil else { throw RunnerError(.gone, "There is no builder.") }
        let audit = audit("released", "release", requester)
        let end = Job.BuilderEnd(reason: .released, by: requester.person)
        guard !record.job.status.isFinal else { return [audit] + endBuilder(end) }
        return [audit, .log("cancelled: the builder was released")]
            + finish(.cancelled, endingBuilder: end, at: now)
    }

    /// Lets a person in, or a group.
    mutating func shared(with party: Party, by requester: Requester) throws(RunnerError) -> [Effect] {
        try checkIsNotOwner(party)
        guard !record.job.shares.contains(where: { $0.isSame(as: party) }) else { return [] }
        record.job.shares.append(party)
        record.sharers[party.id] = requester.person
        return [audit("shared with \(party.name)", "share", requester), .publish(.session)]
    }

    /// Their sessions end at their next heartbeat.
    mutating func unshared(with party: Party, by requester: Requester) throws(RunnerError) -> [Effect] {
        try checkIsNotOwner(party)
        guard record.job.shares.contains(where: { $0.isSame(as: party) }) else { return [] }
        let audit = audit("no longer shared with \(party.name)", "unshare", requester)
        record.job.shares.removeAll { $0.isSame(as: party) }
        record.sharers[party.id] = nil
        return [audit, .publish(.session)]
    }

    private func audit(_ sentence: String, _ verb: String, _ requester: Requester) -> Effect {
        .audit(
            sentence + requester.suffix(for: record.job), AuditRecord(verb, by: requester, on: record.job))
    }

    private func checkIsNotOwner(_ party: Party) throws(RunnerError) {
        guard !record.job.owner.isSame(as: party) else {
            throw RunnerError(.conflict, "\(party.name) is the owner of job \(record.job.id).")
        }
    }

    /// Watchers are told even if the time does not change.
    private static func told(_ effects: [Effect]) -> [Effect] {
        effects.contains(.publish(.deadline)) ? effects : effects + [.publish(.deadline)]
    }
}
