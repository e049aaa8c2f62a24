import BuildAPI
import FoundationEssentials
import Policy

/// What people ask of the job, except its logs and claims. Whether they are allowed to is decided here again, whatever
/// the gateway has found.
extension LiveJob {
    func cancel(by requester: Requester) async throws(RunnerError) -> Job {
        try await request(.cancel, by: requester) { lifecycle, now throws(RunnerError) in
            guard !lifecycle.record.job.status.isFinal else {
                throw RunnerError(.conflict, "The job has ended already.")
            }
            return lifecycle.cancelled(by: requester, at: now)
        }
    }

    func moveDeadline(to deadline: NewDeadline, by requester: Requester) async throws(RunnerError) -> Job {
        try requester.require(.extend, on: record.job)
        let now = timekeeper.now()
        if let moment = deadline.until ?? deadline.seconds.map({ now.addingTimeInterval(Double($0)) }) {
            await ensureTime(until: moment)
        }
        return try await request(.extend, by: requester) { lifecycle, now throws(RunnerError) in
            let moment: Date
            switch (deadline.seconds, deadline.until) {
            case (let seconds?, nil):
                guard (1...31_536_000).contains(seconds) else {
                    throw RunnerError(
                        .unprocessable(line: nil, key: "seconds"),
                        "A deadline must be 1 second to 1 year from now.")
                }
                moment = now.addingTimeInterval(Double(seconds))
            case (nil, let until?): moment = until
            default: throw RunnerError(.malformedRequest, "Give either seconds or until.")
            }
            return try lifecycle.extended(to: moment, by: requester, at: now)
        }
    }

    func hold(_ isHeld: Bool, by requester: Requester) async throws(RunnerError) -> Job {
        try await request(.hold, by: requester) { lifecycle, now throws(RunnerError) in
            isHeld
                ? try lifecycle.held(by: requester, at: now) : try lifecycle.unheld(by: requester, at: now)
        }
    }

    func share(
        with person: Person, _ isShared: Bool, by requester: Requester
    ) async throws(RunnerError) -> Job {
        try await request(.share, by: requester) { lifecycle, _ throws(RunnerError) in
            isShared
                ? try lifecycle.shared(with: person, by: requester)
                : try lifecycle.unshared(with: person, by: requester)
        }
    }

    func releaseBuilder(by requester: Requester) async throws(RunnerError) -> Job {
        try await request(.release, by: requester) { lifecycle, now throws(RunnerError) in
            try lifecycle.builderReleased(by: requester, at: now)
        }
    }

    /// Applies a change if the person is allowed to and the job's state permits it.
    private func request(
        _ action: Action, by requester: Requester,
        _ change: (inout Lifecycle, Date) throws(RunnerError) -> [Effect]
    ) async throws(RunnerError) -> Job {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        try requester.require(action, on: record.job)
        var job = record.job
        try await apply { lifecycle, now throws(RunnerError) in
            let effects = try change(&lifecycle, now)
            job = lifecycle.record.job
            return effects
        }
        return job
    }
}
