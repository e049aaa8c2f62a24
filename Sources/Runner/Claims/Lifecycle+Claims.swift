import BuildAPI
import FoundationEssentials
import Policy

/// What claims do to a builder.
extension Lifecycle {
    /// Makes a claim, or finds the one that this session has already.
    ///
    /// - Parameter permit: to enter this job's builder, for the owner of the key that the session was opened with.
    mutating func claimed(
        _ request: ClaimRequest, by permit: Permit, id: @autoclosure () -> String, at now: Date
    ) throws(RunnerError) -> (claim: Claim, effects: [Effect]) {
        guard permit.action == .enter, permit.job.id == record.job.id else {
            throw RunnerError(.forbidden, "This job is not that person's.")
        }
        let person = permit.person
        guard let builder = record.job.builder else {
            if record.job.status.isFinal { throw RunnerError(.gone, "The builder is gone.") }
            throw RunnerError(.conflict, "There is no builder yet.")
        }
        guard builder.state != .booting else { throw RunnerError(.conflict, "The builder is booting.") }
        let isProxy = request.kind == .proxy
        // Whoever waits for that cannot send heartbeats yet.
        let expires = now.addingTimeInterval(Double(times.lease) + (isProxy ? Self.admissionTime : 0))
        let admission: [Effect] = isProxy ? [.admitKeys] : []
        if let index = record.claims.firstIndex(where: { $0.session == request.session }) {
            guard record.claims[index].person.isSame(as: person) else {
                throw RunnerError(.forbidden, "This session is somebody else's.")
            }
            guard record.claims[index].kind == request.kind,
                record.claims[index].fingerprint == request.keyFingerprint
            else { throw RunnerError(.forbidden, "This session has another claim.") }
            record.claims[index].expires = expires
            return (claim(record.claims[index], builder), admission)
        }
        let standing = StandingClaim(
            id: id(), session: request.session, person: person, fingerprint: request.keyFingerprint,
            key: isProxy ? request.key : nil, kind: request.kind, from: request.from, since: now,
            expires: expires)
        record.claims.append(standing)
        if request.kind != .exec { record.endsWhenUnclaimed = false }
        if record.job.status.isFinal { enter(at: now) }
        let mark = permit.standing == .administrator ? ", administrator" : ""
        let audit =
            "session \(standing.session): \(person.name) from \(request.from), \(request.kind.rawValue)\(mark)"
        let effects = [.audit(audit)] + sessionsChanged() + admission + updateDeadline()
        return (claim(standing, builder), effects)
    }

    /// How long it takes at most until a builder lets a key in, or is known not to, in seconds.
    private static let admissionTime = 20.0

    /// The keys of the claims that stand, each once.
    var admittedKeys: [String] { Set(record.claims.compactMap(\.key)).sorted() }

    /// The builder has no means to let keys in: whoever made the claims has to.
    mutating func keysNotAdmitted() -> [Effect] {
        for index in record.claims.indices { record.claims[index].key = nil }
        return []
    }

    /// A heartbeat: nil when the claim no longer stands. One whose lease has just run out stands until that is noticed:
    /// whoever sends a heartbeat is alive.
    mutating func renewed(_ id: String, at now: Date) -> Claim? {
        guard let builder = record.job.builder,
            let index = record.claims.firstIndex(where: { $0.id == id })
        else { return nil }
        record.claims[index].expires = now.addingTimeInterval(Double(times.lease))
        return claim(record.claims[index], builder)
    }

    /// Every lease begins anew: after a restart.
    mutating func renewAll(at now: Date) -> [Effect] {
        for index in record.claims.indices {
            record.claims[index].expires = now.addingTimeInterval(Double(times.lease))
        }
        return []
    }

    /// The session has ended, for that reason. Not an error when the claim no longer stands.
    mutating func released(_ id: String, reason: Claim.Reason, at now: Date) -> [Effect] {
        guard let index = record.claims.firstIndex(where: { $0.id == id }) else { return [] }
        let keys = admittedKeys
        let gone = record.claims.remove(at: index)
        let audit = "session \(gone.session): ended, \(reason.rawValue)"
        let admission: [Effect] = admittedKeys == keys ? [] : [.admitKeys]
        let effects = [.audit(audit)] + sessionsChanged() + admission
        guard record.job.status.isFinal else { return effects + updateDeadline() }
        if Self.endsBuilder(gone.kind, reason, whileStanding: record.claims.map(\.kind)) {
            record.endsWhenUnclaimed = true
        }
        guard record.claims.isEmpty else { return effects + keepAnew(at: now) }
        defer { record.endsWhenUnclaimed = false }
        guard record.endsWhenUnclaimed, reason != .lost, !record.job.held else {
            return effects + keepAnew(at: now)
        }
        return effects + endBuilder(.init(reason: .logout))
    }

    /// Whether the end of this session is the last shell's logout. Whoever is still there with a client of their own has
    /// not left.
    static func endsBuilder(
        _ kind: Claim.Kind, _ reason: Claim.Reason, whileStanding others: [Claim.Kind]
    ) -> Bool {
        kind == .shell && reason == .logout && others.allSatisfy { $0 == .exec }
    }

    private mutating func sessionsChanged() -> [Effect] {
        record.job.sessions = record.claims.map {
            Job.Session(session: $0.session, person: $0.person, kind: $0.kind, from: $0.from, since: $0.since)
        }
        return [.publish(.session)]
    }

    private func claim(_ standing: StandingClaim, _ builder: Job.Builder) -> Claim {
        Claim(
            id: standing.id, job: record.job.id, kind: standing.kind, builder: builder,
            deadline: record.job.deadline, lease: times.lease, keyAdmitted: standing.key.map { _ in true })
    }
}
