import BuildAPI
import ConfigurationFile
import Policy
import Presentation

/// Claims, for the API: finds the job, and who claims it.
extension JobDirectory {
    /// Returns when the builder accepts the person, if the claim's kind needs that.
    func claim(_ id: JobID, _ request: ClaimRequest) async throws(RunnerError) -> Claim {
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
        guard request.reason.map({ $0.unicodeScalars.count <= 1000 }) ?? true else {
            throw RunnerError(.malformedRequest, "A reason has at most 1000 characters.")
        }
        _ = try await shown(id)
        let principal = try await Identification(find: context.people.key)
            .principal(request.person.id, request.keyFingerprint, key: request.key)
        return try await with(id) { job throws(RunnerError) in
            if await !job.hasClaim(ofSession: request.session) { try checkSessions(of: principal.person) }
            let claim = try await grant(request, by: principal, in: job)
            return claim.keyAdmitted == true ? try await job.admitted(claim) : claim
        }
    }

    /// Counts it, as long as this takes, among the person's sessions.
    private func grant(
        _ request: ClaimRequest, by principal: Principal, in job: LiveJob
    ) async throws(RunnerError) -> Claim {
        claims[principal.person.id, default: 0] += 1
        defer { Self.subtract(1, from: &claims, principal.person.id) }
        return try await job.claim(request, as: Self.newClaim(of: job.id), by: principal)
    }

    func heartbeat(_ claim: String) async throws(RunnerError) -> Claim {
        let id = try await job(ofClaim: claim)
        guard let job = entries[id]?.job else { throw LiveJob.ended }
        return try await job.heartbeat(claim)
    }

    func release(_ claim: String, reason: Claim.Reason) async throws(RunnerError) {
        let id = try await job(ofClaim: claim)
        guard entries[id] != nil else { throw LiveJob.ended }
        try await with(id) { job throws(RunnerError) in try await job.release(claim, reason: reason) }
    }

    /// Throws if that person has reached the limit of sessions.
    private func checkSessions(of person: Person) throws(RunnerError) {
        let jobs = entries.values.map(\.shown.job).flatMap { job in
            job.sessions.filter { $0.person.id == person.id }.map { _ in job.id }
        }
        let count = jobs.count + claims[person.id, default: 0]
        guard count >= settings.limits.sessionsPerPerson else { return }
        let inside = Set(jobs).inOrder
        throw RunnerError(
            .tooMany(.init(what: "sessions", limit: settings.limits.sessionsPerPerson)),
            "\(person.name) already has \(count.counted("session")), which is the limit: leave one in job \(WaitReason.list(inside, "or")).",
            limit: .sessionsPerPerson)
    }

    /// A claim's id begins with its job's.
    private func job(ofClaim claim: String) async throws(RunnerError) -> JobID {
        if let end = claim.lastIndex(of: "-"), let id = JobID(claim[..<end]) {
            if entries[id] != nil { return id }
            if try await store.hasJob(id) { return id }
        }
        throw RunnerError(.notFound, "There is no such claim.")
    }

    private static func newClaim(of id: JobID) -> String {
        let random = String(UInt64.random(in: 0 ... .max), radix: 16)
        return "\(id)-\(String(repeating: "0", count: 16 - random.count))\(random)"
    }
}
