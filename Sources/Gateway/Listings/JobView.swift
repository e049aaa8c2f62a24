import BuildAPI
import FoundationEssentials

/// A job as `--json` shows it: API v1's *job*, without the builder's address and keys.
struct JobView: Encodable {
    let job: Job
    /// Whether to show who is inside, and with whom the job is shared.
    let isInvited: Bool

    private struct Builder: Encodable {
        let state: Job.Builder.State
    }

    private struct Session: Encodable {
        let person: String
        let kind: Claim.Kind
        let since: Date
    }

    private struct EarlyEntry: Encodable {
        /// Nil: it is not for this reader to know.
        let person: String?
        let role: String?
        let kind: Claim.Kind
        let since: Date
    }

    private struct AdministratorEntry: Encodable {
        let person: String
        let reason: String
        let since: Date
    }

    private enum Keys: String, CodingKey {
        case id, owner, submitter, note, status, pool, arch, waits, visibility, created, deadline, held,
            shares, tasks,
            builder, rerun
        case sessions, entered, artifacts
        case administratorEntries = "administrator_entries"
        case maxDeadline = "max_deadline"
        case builderEnd = "builder_end"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(job.id, forKey: .id)
        try container.encode(job.owner.name, forKey: .owner)
        try container.encodeIfPresent(job.submitter?.name, forKey: .submitter)
        try container.encode(job.note, forKey: .note)
        try container.encode(job.status, forKey: .status)
        try container.encodeIfPresent(job.pool, forKey: .pool)
        try container.encodeIfPresent(job.arch, forKey: .arch)
        try container.encodeIfPresent(job.waits, forKey: .waits)
        try container.encode(job.visibility, forKey: .visibility)
        try container.encodeIfPresent(job.created, forKey: .created)
        try container.encode(job.deadline, forKey: .deadline)
        try container.encode(job.maxDeadline, forKey: .maxDeadline)
        try container.encode(job.held, forKey: .held)
        try container.encode(job.tasks, forKey: .tasks)
        try container.encode(job.builder.map { Builder(state: $0.state) }, forKey: .builder)
        try container.encode(job.builderEnd?.reason.rawValue, forKey: .builderEnd)
        try container.encodeIfPresent(job.rerun, forKey: .rerun)
        try container.encodeIfPresent(job.artifacts, forKey: .artifacts)
        try container.encodeIfPresent(
            job.entered.map { entries in
                entries.map {
                    EarlyEntry(
                        person: isInvited ? $0.person.name : nil, role: isInvited ? $0.role.rawValue : nil,
                        kind: $0.kind, since: $0.since)
                }
            }, forKey: .entered)
        guard isInvited else { return }
        try container.encodeIfPresent(
            job.administratorEntries?.map {
                AdministratorEntry(person: $0.person.name, reason: $0.reason, since: $0.since)
            }, forKey: .administratorEntries)
        try container.encode(job.shares.map(\.name), forKey: .shares)
        try container.encode(
            job.sessions.map { Session(person: $0.person.name, kind: $0.kind, since: $0.since) },
            forKey: .sessions)
    }
}
