import BuildAPI
import Policy

/// Claims, for the API. The person is checked here again, whatever the gateway has found.
extension JobBook {
    /// Returns when the builder accepts the person, if the claim's kind needs that.
    func claim(_ id: JobID, _ request: ClaimRequest) async throws(RunnerError) -> Claim {
        let claim = try grant(id, request)
        return claim.keyAdmitted == true ? try await admitted(claim) : claim
    }

    private func grant(_ id: JobID, _ request: ClaimRequest) throws(RunnerError) -> Claim {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        let names = [request.session, request.from, request.person.id, request.keyFingerprint]
        // They are written to records and to the log, each on one line.
        guard !request.session.isEmpty,
            names.allSatisfy({ $0.utf8.count <= 128 && $0.utf8.allSatisfy { (0x21...0x7e).contains($0) } })
        else {
            throw RunnerError(
                .malformedRequest,
                "Session, person, fingerprint and address can have at most 128 printable bytes each."
            )
        }
        let job = try job(id)
        let principal = try identify(request.person.id, request.keyFingerprint, key: request.key)
        let permit = try permit(.enter, on: job, for: principal)
        guard let entry = entries[id] else { throw RunnerError(.gone, "The builder is gone.") }
        if !entry.record.claims.contains(where: { $0.session == request.session }) {
            try checkSessions(of: permit.person)
        }
        var outcome: Result<Claim, RunnerError>?
        apply(id) { lifecycle, now in
            do throws(RunnerError) {
                let (claim, effects) = try lifecycle.claimed(
                    request, by: permit, id: Self.newClaim(of: id), at: now)
                outcome = .success(claim)
                return effects
            } catch {
                outcome = .failure(error)
                return []
            }
        }
        guard let outcome else { throw RunnerError(.gone, "The builder is gone.") }
        return try outcome.get()
    }

    func heartbeat(_ claim: String) throws(RunnerError) -> Claim {
        let id = try job(ofClaim: claim)
        guard let standing = entries[id]?.record.claims.first(where: { $0.id == claim }) else {
            throw RunnerError(.gone, "This claim has ended.")
        }
        do throws(RunnerError) {
            let principal = try identify(standing.person.id, standing.fingerprint, key: nil)
            _ = try permit(.stay, on: try job(id), for: principal)
        } catch  where error.code == .forbidden || error.code == .suspended {
            apply(id) { $0.released(claim, reason: .lost, at: $1) }
            throw RunnerError(.gone, error.description)
        }
        return try renewed(claim, of: id)
    }

    func renewed(_ claim: String, of id: JobID) throws(RunnerError) -> Claim {
        var renewed: Claim?
        apply(id) { lifecycle, now in
            renewed = lifecycle.renewed(claim, at: now)
            return []
        }
        guard let renewed else { throw RunnerError(.gone, "This claim has ended.") }
        return renewed
    }

    func release(_ claim: String, reason: Claim.Reason) throws(RunnerError) {
        let id = try job(ofClaim: claim)
        guard entries[id]?.record.claims.contains(where: { $0.id == claim }) == true else {
            throw RunnerError(.gone, "This claim has ended.")
        }
        apply(id) { $0.released(claim, reason: reason, at: $1) }
    }

    private func permit(
        _ action: Action, on job: Job, for principal: Principal
    ) throws(RunnerError) -> Permit {
        try deciding { () throws(Denial) in try Permit.decide(action, on: job.id, job, for: principal) }
    }

    /// The owner of that key, if they are the person that the gateway names and are not suspended.
    private func identify(
        _ id: String, _ fingerprint: String, key line: String?
    ) throws(RunnerError) -> Principal {
        guard let key = try store.key(fingerprint), Person.isSame(key.owner.id, id) else {
            throw RunnerError(.forbidden, "This key is not that person's.")
        }
        // Compare bytes: this text is what the builder accepts, and equal text can have different bytes.
        if let line, !line.utf8.elementsEqual("\(key.type) \(key.key)".utf8) {
            throw RunnerError(.forbidden, "The key and the fingerprint do not match.")
        }
        return try deciding { () throws(Denial) in try Principal.identify(key, fingerprint: fingerprint) }
    }

    /// A claim's id begins with its job's.
    private func job(ofClaim claim: String) throws(RunnerError) -> JobID {
        if let end = claim.lastIndex(of: "-"), let id = JobID(claim[..<end]) {
            if entries[id] != nil { return id }
            if try store.hasJob(id) { return id }
        }
        throw RunnerError(.notFound, "There is no such claim.")
    }

    private static func newClaim(of id: JobID) -> String {
        let random = String(UInt64.random(in: 0 ... .max), radix: 16)
        return "\(id)-\(String(repeating: "0", count: 16 - random.count))\(random)"
    }
}
