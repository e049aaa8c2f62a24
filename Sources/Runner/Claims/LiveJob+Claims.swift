import BuildAPI
import Policy
import Provider

/// Claims, for the API. The person is checked here again, whatever the gateway has found.
extension LiveJob {
    func hasClaim(ofSession session: String) -> Bool {
        record.claims.contains { $0.session == session }
    }

    /// Makes a claim, whose key may have to be awaited: ``admitted(_:)``.
    ///
    /// - Parameter claimID: of the claim, if it is a new one.
    func claim(
        _ request: ClaimRequest, as claimID: String, by principal: Principal
    ) async throws(RunnerError) -> Claim {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        let permit = try permit(.enter, for: principal)
        let marks = record.job.entered?.count
        var made: Claim?
        try await apply { lifecycle, now throws(RunnerError) in
            let (claim, effects) = try lifecycle.claimed(request, by: permit, id: claimID, at: now)
            made = claim
            return effects
        }
        guard let made else { throw RunnerError(.gone, "The builder is gone.") }
        do throws(RunnerError) {
            try requireMark(isNew: record.job.entered?.count != marks)
            // Its machine must go to nobody else, whatever becomes of this runner.
            if let allocation { try await context.allocations.enter(allocation.id) }
        } catch {
            // A claim that cannot be remembered is none.
            await apply { $0.released(made.id, reason: .lost, at: $1) }
            throw error
        }
        return made
    }

    /// Throws if a runner that starts again would not know of the mark. What the job's artifacts are worth depends on it.
    private func requireMark(isNew: Bool) throws(RunnerError) {
        guard isNew, record.job.artifacts != nil, !isStored else { return }
        throw RunnerError(
            .noSpace,
            "The build service cannot store now that somebody enters before the tasks have ended, on which the job's artifacts depend: try again later."
        )
    }

    func heartbeat(_ claim: String) async throws(RunnerError) -> Claim {
        guard let standing = record.claims.first(where: { $0.id == claim }) else {
            throw refusal(ofClaim: claim)
        }
        let permit: Permit
        do throws(RunnerError) {
            let principal = try await Identification(find: context.people.presentKey)
                .principal(standing.person.id, standing.fingerprint)
            permit = try self.permit(.stay, for: principal)
        } catch  where error.code == .forbidden || error.code == .suspended {
            await apply { $0.released(claim, reason: .lost, at: $1) }
            throw RunnerError(.gone, error.description)
        }
        guard let renewed = renew(claim, as: permit.standing) else { throw refusal(ofClaim: claim) }
        return renewed
    }

    /// Ends somebody's session, whatever the person wants.
    ///
    /// - Parameter name: the operator's, for the records.
    /// - Returns: the job without it.
    func end(session: String, by name: String) async throws(RunnerError) -> Job {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        var job = record.job
        try await apply { lifecycle, now throws(RunnerError) in
            let effects = try lifecycle.ended(session: session, by: name, at: now)
            job = lifecycle.record.job
            return effects
        }
        return job
    }

    func release(_ claim: String, reason: Claim.Reason) async throws(RunnerError) {
        guard record.claims.contains(where: { $0.id == claim }) else { throw Self.ended }
        await apply { $0.released(claim, reason: reason, at: $1) }
    }

    static var ended: RunnerError { RunnerError(.gone, "This claim has ended.") }

    /// Why there is no such claim any more.
    func refusal(ofClaim claim: String) -> RunnerError {
        record.endedSessions.contains { $0.claim == claim } ? EndedSession.refusal : Self.ended
    }

    private func permit(_ action: Action, for principal: Principal) throws(RunnerError) -> Permit {
        try deciding { () throws(Denial) in try Permit.decide(action, on: id, record.job, for: principal) }
    }
}
