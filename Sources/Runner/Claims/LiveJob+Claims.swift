import BuildAPI
import Policy

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
        var made: Claim?
        try await apply { lifecycle, now throws(RunnerError) in
            let (claim, effects) = try lifecycle.claimed(request, by: permit, id: claimID, at: now)
            made = claim
            return effects
        }
        guard let made else { throw RunnerError(.gone, "The builder is gone.") }
        return made
    }

    func heartbeat(_ claim: String) async throws(RunnerError) -> Claim {
        guard let standing = record.claims.first(where: { $0.id == claim }) else { throw Self.ended }
        let permit: Permit
        do throws(RunnerError) {
            let principal = try await Identification(find: context.people.presentKey)
                .principal(standing.person.id, standing.fingerprint)
            permit = try self.permit(.stay, for: principal)
        } catch  where error.code == .forbidden || error.code == .suspended {
            await apply { $0.released(claim, reason: .lost, at: $1) }
            throw RunnerError(.gone, error.description)
        }
        guard let renewed = renew(claim, as: permit.standing) else { throw Self.ended }
        return renewed
    }

    func release(_ claim: String, reason: Claim.Reason) async throws(RunnerError) {
        guard record.claims.contains(where: { $0.id == claim }) else { throw Self.ended }
        await apply { $0.released(claim, reason: reason, at: $1) }
    }

    static var ended: RunnerError { RunnerError(.gone, "This claim has ended.") }

    private func permit(_ action: Action, for principal: Principal) throws(RunnerError) -> Permit {
        try deciding { () throws(Denial) in try Permit.decide(action, on: id, record.job, for: principal) }
    }
}
