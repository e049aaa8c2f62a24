import BuildAPI
import Policy

/// The mark of a job that somebody has entered before its tasks had ended.
extension Lifecycle {
    /// Marks the job. Nothing ever takes the mark back: whoever has been inside can have changed what the tasks leave behind.
    mutating func mark(_ claim: StandingClaim, as standing: Standing) {
        var entries = record.job.entered ?? []
        let isKnown = entries.contains { $0.person.isSame(as: claim.person) && $0.kind == claim.kind }
        guard !isKnown, entries.count < Job.mostEarlyEntries else { return }
        entries.append(
            Job.EarlyEntry(
                person: claim.person, role: .init(rawValue: standing.rawValue), kind: claim.kind,
                since: claim.since))
        record.job.entered = entries
    }
}
