import BuildAPI
import FoundationEssentials
import Logging
import Policy

/// What people ask of one job, except its logs and claims. Whether they are allowed to is decided here again, whatever
/// the gateway has found.
extension JobBook {
    func cancel(_ id: JobID, by requester: Requester) throws(RunnerError) -> Job {
        try request(.cancel, id, by: requester) { lifecycle, now throws(RunnerError) in
            guard !lifecycle.record.job.status.isFinal else {
                throw RunnerError(.conflict, "The job has ended already.")
            }
            return lifecycle.cancelled(by: requester, at: now)
        }
    }

    func moveDeadline(
        of id: JobID, to deadline: NewDeadline, by requester: Requester
    ) throws(RunnerError) -> Job {
        try request(.extend, id, by: requester) { lifecycle, now throws(RunnerError) in
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

    func hold(_ id: JobID, _ isHeld: Bool, by requester: Requester) throws(RunnerError) -> Job {
        try request(.hold, id, by: requester) { lifecycle, now throws(RunnerError) in
            isHeld
                ? try lifecycle.held(by: requester, at: now) : try lifecycle.unheld(by: requester, at: now)
        }
    }

    func share(
        _ id: JobID, with person: Person, _ isShared: Bool, by requester: Requester
    ) throws(RunnerError) -> Job {
        try request(.share, id, by: requester) { lifecycle, _ throws(RunnerError) in
            isShared
                ? try lifecycle.shared(with: person, by: requester)
                : try lifecycle.unshared(with: person, by: requester)
        }
    }

    func releaseBuilder(of id: JobID, by requester: Requester) throws(RunnerError) -> Job {
        try request(.release, id, by: requester) { lifecycle, now throws(RunnerError) in
            try lifecycle.builderReleased(by: requester, at: now)
        }
    }

    /// Applies a change to a job, even a finished one, if the person is allowed to and the job's state permits it.
    private func request(
        _ action: Action, _ id: JobID, by requester: Requester,
        _ change: (inout Lifecycle, Date) throws(RunnerError) -> [Effect]
    ) throws(RunnerError) -> Job {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        try requester.require(action, on: try job(id))
        guard entries[id] != nil else { return try requestOver(id, change) }
        var refusal: RunnerError?
        var job: Job?
        apply(id) { lifecycle, now in
            do throws(RunnerError) {
                let effects = try change(&lifecycle, now)
                job = lifecycle.record.job
                return effects
            } catch {
                refusal = error
                return []
            }
        }
        if let refusal { throw refusal }
        guard let job else { throw RunnerError(.notFound, "There is no such job.") }
        return job
    }

    /// A finished job is only in the database: nobody watches it, and it has no machine.
    private func requestOver(
        _ id: JobID, _ change: (inout Lifecycle, Date) throws(RunnerError) -> [Effect]
    ) throws(RunnerError) -> Job {
        guard let record = try store.job(id) else { throw RunnerError(.notFound, "There is no such job.") }
        var lifecycle = Lifecycle(record: record, times: settings.times)
        let before = lifecycle.record
        let effects = try change(&lifecycle, timekeeper.now())
        guard lifecycle.record != before else { return before.job }
        try store.save(lifecycle.record, at: timekeeper.now())
        for case .audit(let record) in effects { logger.info("job \(id): \(record)") }
        return lifecycle.record.job
    }
}
