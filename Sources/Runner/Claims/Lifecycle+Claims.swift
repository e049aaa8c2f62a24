import Audit
import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Policy
import Provider

/// What claims do to a builder.
extension Lifecycle {
    /// Makes a claim, or finds the one that this session already has.
    ///
    /// - Parameter permit: to enter this job's builder, for the owner of the key that the session was opened with.
    mutating func claimed(
        _ request: ClaimRequest, by permit: Permit, id: @autoclosure () -> String, at now: Date
    ) throws(RunnerError) -> (claim: Claim, effects: [Effect]) {
        guard permit.action == .enter, permit.job.id == record.job.id else {
            throw RunnerError(.forbidden, "This person is not allowed to do that with this job.")
        }
        let person = permit.person
        guard !record.endedSessions.contains(where: { $0.session == request.session }) else {
            throw EndedSession.refusal
        }
        guard let builder = record.job.builder else {
            if record.job.status.isFinal { throw RunnerError(.gone, "The builder is gone.") }
            throw RunnerError(.conflict, "There is no builder yet.")
        }
        guard builder.state != .booting else { throw RunnerError(.conflict, "The builder is booting.") }
        let isKnown = record.claims.contains { $0.session == request.session }
        guard isKnown || record.job.attached?.away != true else {
            throw RunnerError(.unreachable, "The machine is not connected at the moment.")
        }
        let isProxy = request.kind == .proxy
        // A session that waits for that cannot send heartbeats yet.
        let expires = now.addingTimeInterval(Double(times.lease) + (isProxy ? Self.admissionTime : 0))
        if let index = record.claims.firstIndex(where: { $0.session == request.session }) {
            guard record.claims[index].person.isSame(as: person) else {
                throw RunnerError(.forbidden, "This session belongs to someone else.")
            }
            guard record.claims[index].kind == request.kind,
                record.claims[index].fingerprint == request.keyFingerprint
            else { throw RunnerError(.forbidden, "This session has another claim.") }
            record.claims[index].expires = expires
            record.claims[index].isOwners = permit.standing.isOwners
            return (claim(record.claims[index], builder), [.tellPeople])
        }
        let standing = StandingClaim(
            id: id(), session: request.session, person: person, fingerprint: request.keyFingerprint,
            key: isProxy ? request.key : nil, kind: request.kind, isOwners: permit.standing.isOwners,
            from: request.from, since: now, expires: expires)
        record.claims.append(standing)
        record.isEntered = true
        if request.kind != .exec { record.endsWhenUnclaimed = false }
        if record.job.status.isFinal { enter(at: now) } else { mark(standing, as: permit.standing) }
        let mark = permit.standing == .administrator ? ", administrator" : ""
        let trust = builder.firstUse == true ? ", host key by first use" : ""
        let audit =
            "session \(standing.session): \(person.name) from \(request.from), \(request.kind.rawValue)\(mark)\(trust)"
        if permit.standing == .administrator, let reason = request.reason {
            add(Job.AdministratorEntry(person: person, reason: reason, since: now))
        }
        let audited = Effect.audit(audit, auditRecord(of: standing, by: permit, builder, request.reason))
        let effects = [audited] + sessionsChanged() + [.tellPeople] + updateDeadline()
        return (claim(standing, builder), effects)
    }

    /// The owner reads it when they come next.
    private mutating func add(_ entry: Job.AdministratorEntry) {
        let entries = record.job.administratorEntries ?? []
        // The same again says nothing new, and must not push out what others have said.
        let isKnown = entries.contains { $0.person.isSame(as: entry.person) && $0.reason == entry.reason }
        guard !isKnown else { return }
        let all = entries + [entry]
        record.job.administratorEntries = all.suffix(Job.mostAdministratorEntries)
    }

    private func auditRecord(
        of claim: StandingClaim, by permit: Permit, _ builder: Job.Builder, _ reason: String?
    ) -> AuditRecord {
        var audit = AuditRecord(.claim, claim)
        audit[.role] = permit.standing.rawValue
        audit[.reason] = permit.standing == .administrator ? reason : nil
        audit[.builderKey] = builder.hostKeys.compactMap { try? PublicKey.parse(line: $0).key.fingerprint }
            .joined(separator: " ")
        audit[.builderTrust] = builder.firstUse == true ? "first-use" : attachedOrService
        guard permit.standing == .shared, let share = permit.share else { return audit }
        audit[.sharedWith] = share.name
        audit[.sharedBy] = record.sharers[share.id]?.name
        return audit
    }

    private var attachedOrService: String { record.attachment == nil ? "service" : "attached" }

    /// The longest time, in seconds, until a builder accepts a key or is known not to.
    private static let admissionTime = 20.0

    /// What the builder should know: the keys of the live claims, each once, and its message.
    func people(at now: Date) -> BuilderPeople {
        BuilderPeople(
            keys: admittedKeys,
            message: BuilderMessage(
                job: record.job, end: record.lifetime?.end, commandLine: times.commandLine
            )
            .lines(at: now))
    }

    var admittedKeys: [BuilderPeople.Key] {
        Set(
            record.claims.compactMap { claim in
                claim.key.map { .init(line: $0, isOwner: claim.isOwners) }
            }
        ).sorted { $0.line < $1.line }
    }

    /// The builder does not support adding keys: the gateways that made the claims have to add them.
    mutating func keysNotAdmitted() -> [Effect] {
        for index in record.claims.indices { record.claims[index].key = nil }
        return []
    }

    /// A heartbeat: nil if the claim has ended. A claim whose lease has just run out lives until that is noticed,
    /// because a session that sends a heartbeat is alive.
    ///
    /// - Parameter standing: what the job is to the person now; nil: as before.
    mutating func renewed(_ id: String, as standing: Standing? = nil, at now: Date) -> Claim? {
        guard let builder = record.job.builder,
            let index = record.claims.firstIndex(where: { $0.id == id })
        else { return nil }
        record.claims[index].expires = now.addingTimeInterval(Double(times.lease))
        if let standing { record.claims[index].isOwners = standing.isOwners }
        return claim(record.claims[index], builder)
    }

    /// Starts every lease again, after a restart.
    mutating func renewAll(at now: Date) -> [Effect] {
        for index in record.claims.indices {
            record.claims[index].expires = now.addingTimeInterval(Double(times.lease))
        }
        renewAttachment(at: now)
        return []
    }

    /// An operator ends a session for good. Nobody has logged out of it, so the builder stays.
    ///
    /// - Parameter name: the operator's.
    mutating func ended(session: String, by name: String, at now: Date) throws(RunnerError) -> [Effect] {
        guard let claim = record.claims.first(where: { $0.session == session }) else {
            throw RunnerError(.notFound, "There is no such session in job \(record.job.id).")
        }
        record.endedSessions.append(EndedSession(claim: claim.id, session: session))
        return [.audit("session \(session): \(name) ends it", AuditRecord(.administration, claim))]
            + released(claim.id, reason: .lost, remark: "by \(name)", at: now)
    }

    /// The session has ended, for that reason. It is not an error if the claim has ended already.
    ///
    /// - Parameter remark: what the record says instead of the reason.
    mutating func released(
        _ id: String, reason: Claim.Reason, remark: String? = nil, at now: Date
    ) -> [Effect] {
        guard let index = record.claims.firstIndex(where: { $0.id == id }) else { return [] }
        let gone = record.claims.remove(at: index)
        let audit = "session \(gone.session): ended\(remark.map { " \($0)" } ?? ", \(reason.rawValue)")"
        let effects = [.audit(audit, AuditRecord(endOf: gone))] + sessionsChanged() + [.tellPeople]
        guard record.job.status.isFinal else { return effects + updateDeadline() }
        if isLastLogout(gone, reason) { record.endsWhenUnclaimed = true }
        guard record.claims.isEmpty else { return effects + keepAnew(at: now) }
        defer { record.endsWhenUnclaimed = false }
        // Someone whose connection was lost has not left.
        if endsWhenLeft, reason != .lost { return effects + endBuilder(.init(reason: .success)) }
        guard record.endsWhenUnclaimed, reason != .lost, record.job.endsAtLogout else {
            return effects + keepAnew(at: now)
        }
        return effects + endBuilder(.init(reason: .logout))
    }

    /// Whether this was the last logout of an owner from a shell. People who are still connected with their own client
    /// have not left.
    private func isLastLogout(_ gone: StandingClaim, _ reason: Claim.Reason) -> Bool {
        gone.kind == .shell && reason == .logout && gone.isOwners
            && record.claims.allSatisfy { $0.kind == .exec }
    }

    private mutating func sessionsChanged() -> [Effect] {
        record.job.sessions = record.claims.map(\.shown)
        return [.publish(.session)]
    }

    private func claim(_ standing: StandingClaim, _ builder: Job.Builder) -> Claim {
        Claim(
            id: standing.id, job: record.job.id, kind: standing.kind, builder: builder,
            deadline: record.job.deadline, lease: times.lease,
            // The gateway itself adds keys to attached machines.
            keyAdmitted: record.attachment != nil || standing.key != nil ? true : nil)
    }
}
