import BuildAPI

/// Leases, and the ends of claims.
extension Examination {
    func lookAtLeases() {
        check(.leasesHeartbeat) {
            let id = try need(standing.last, "there is no live claim")
            let answer = try expect(beat(id), 200)
            let claim = try decode(Claim.self, answer.body)
            try expect(claim.id == id, "it is another claim: \(claim.id)")
            return answer.summary
        }
        var renewal: Result<String, any Error> = .failure(Deviation.skipped("no lease was tested"))
        check(.leasesEnd) {
            let job = try wreck()
            let silent = Self.session()
            let answer = claim(job, by: try claimantNow(), session: silent)
            track(answer)
            let beaten = try need(
                standing.first { $0 != answer.json?["id"]?.string }, "there is no second live claim")
            let lease = try need(
                answer.json?["lease"]?.number.flatMap { Int(exactly: $0) }, "no claim could be made")
            guard lease > 0 else { throw Deviation.skipped("the lease has no duration") }
            guard lease <= options.longestLease else {
                let reason = "the lease has \(lease) s; --longest-lease \(lease) waits for its end"
                renewal = .failure(Deviation.skipped(reason))
                throw Deviation.skipped(reason)
            }
            return try wait(for: silent, of: job, lease: lease, beating: beaten, &renewal)
        }
        check(.leasesRenewed) { try renewal.get() }
    }

    /// One session is silent, one sends heartbeats, for a lease plus the time that a busy service needs.
    private func wait(
        for silent: String, of job: String, lease: Int, beating claim: String,
        _ renewal: inout Result<String, any Error>
    ) throws -> String {
        let start = ContinuousClock.now
        let isPast = { (seconds: Int) in start.duration(to: .now) > .seconds(seconds) }
        renewal = .success("\(lease) s")
        var end: Duration?
        while end == nil || !isPast(lease + 1) {
            let answer = beat(claim)
            if answer.status != 200, case .success = renewal {
                renewal = .failure(
                    Deviation.broken(
                        "\(answer.summary) after \(start.duration(to: .now).components.seconds) s"))
            }
            let sessions = client.get("/v1/jobs/\(job)").json?["sessions"]?.array
            if end == nil, let sessions, !sessions.contains(where: { $0["session"]?.string == silent }) {
                end = start.duration(to: .now)
            }
            if end == nil { try expect(!isPast(lease + options.settling), "its session is still there") }
            Pause.milliseconds(min(max(100, lease * 1000 / 6), 5000))
        }
        // The others had no heartbeats either.
        standing = [claim]
        if case .failure = renewal { standing = [] }
        return "after \(end?.components.seconds ?? 0) s of \(lease) s"
    }

    func lookAtReleases() {
        let first = standing.first
        check(.claimsRelease) {
            let id = try need(first, "there is no live claim")
            return try expect(release(id, .done), 204).summary
        }
        check(.claimsReleased) {
            guard standing.first != first else { throw Deviation.skipped("no claim was released") }
            return try expect(beat(try need(first, "there is no live claim")), 410).summary
        }
        for id in standing { _ = release(id, .lost) }
        check(.claimsDone) {
            _ = try need(first, "no claim was released")
            try expect(!hasNoBuilder(try wreck()), "the builder is gone")
            return "the builder is there"
        }
        check(.claimsLogout) {
            let job = try wreck()
            guard !hasNoBuilder(job) else { throw Deviation.skipped("the builder is gone already") }
            let answer = claim(job, by: try claimantNow(), session: Self.session(), kind: .shell)
            let id = try need(answer.json?["id"]?.string, "no claim could be made")
            track(answer)
            let logout = client.get("/v1/jobs/\(job)").json?["logout"]?.string
            guard release(id, .logout).status == 204 else {
                throw Deviation.skipped("the claim was not released")
            }
            if let logout, logout != Job.Logout.end.rawValue {
                try expect(!hasNoBuilder(job), "the job says “\(logout)”, and the builder is gone")
                return "the builder is there, as the job says"
            }
            try wait("the builder is still there") { hasNoBuilder(job) }
            return "the builder is gone"
        }
    }

    func beat(_ claim: String) -> Answer {
        client.send("POST", "/v1/claims/\(claim.percentEncoded)/heartbeat", body: [])
    }

    private func release(_ claim: String, _ reason: Claim.Reason) -> Answer {
        let answer = client.send("DELETE", "/v1/claims/\(claim.percentEncoded)?reason=\(reason.rawValue)")
        if [204, 404, 410].contains(answer.status) { standing.removeAll { $0 == claim } }
        return answer
    }

    /// Removes what still exists.
    func cleanUp() {
        for id in standing where release(id, .lost).status == 0 { left.append("the claim \(id)") }
        for id in submitted where id != cancelled && !isOver(id) {
            // A job that has ended cannot be cancelled, and its builder can have been kept.
            if cancel(id).status == 200 || endBuilder(of: id).status == 200 { continue }
            left.append("the builder of job \(id)")
        }
        lookAtRemoval()
    }

    private func isOver(_ id: String) -> Bool {
        let found = client.get("/v1/jobs/\(id)").json
        return Self.isFinal(found) && found?["builder"]?.isThere != true
    }
}
