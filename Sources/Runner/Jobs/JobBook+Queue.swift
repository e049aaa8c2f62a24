import BuildAPI
import ConfigurationFile
import Logging
import Presentation

/// The jobs that wait for a builder.
extension JobBook {
    /// Starts waiting jobs while there are slots. A kept builder keeps its slot, because it keeps its memory.
    func fillSlots() {
        guard !isStopping, !isTakingOver else { return }
        while entries.values.count(where: \.hasSlot) < settings.slots,
            let id = waiting.next(where: { obstacle(builders(of: $0)) == nil })
        {
            start(id)
        }
        for (owner, jobs) in waiting.byOwner {
            let builders = builders(of: owner)
            for id in jobs {
                guard let job = entries[id]?.record.job else { continue }
                let reason = WaitReason(job, builders, obstacle(builders))
                guard entries[id]?.waitsFor != reason else { continue }
                entries[id]?.waitsFor = reason
                log(reason.sentence(slots: settings.slots), id)
            }
        }
    }

    func builders(of owner: String) -> OwnersBuilders {
        OwnersBuilders(
            entries.values.lazy.filter(\.hasSlot).map(\.record.job).filter { $0.owner.id == owner })
    }

    private func obstacle(_ builders: OwnersBuilders) -> OwnersBuilders.Obstacle? {
        let running = settings.runningPerOwner
        return builders.obstacle(
            runningLimit: running < settings.slots ? running : nil, keptLimit: settings.limits.keptPerOwner)
    }

    /// Throws if the owner has reached the limit of waiting jobs.
    func checkQueue(of owner: Person) throws(RunnerError) {
        let waiting = waiting.jobs(of: owner.id)
        guard waiting.count >= settings.limits.queuedPerOwner else { return }
        throw RunnerError(
            .tooMany(.init(what: "waiting jobs", limit: settings.limits.queuedPerOwner)),
            "\(owner.name) already has \(waiting.count.counted("waiting job")), which is the limit: cancel \(WaitReason.list(waiting, "or")), or try again later."
        )
    }

    /// Called once for each submission, before any of it is read. Throws if the owner submits too often.
    func countSubmission(of owner: Person) throws(RunnerError) {
        guard let seconds = submissionRate.take(of: owner.id, at: timekeeper.now()) else { return }
        let limit = submissionRate.perMinute
        throw RunnerError(
            .tooOften(.init(what: "submissions in a minute", limit: limit), seconds: seconds),
            "\(owner.name) submits more than \(limit.counted("job")) a minute, which is the limit: try again in \(seconds.counted("second"))."
        )
    }

    /// Throws if that person has reached the limit of sessions.
    func checkSessions(of person: Person) throws(RunnerError) {
        let jobs = entries.values.map(\.record.job).flatMap { job in
            job.sessions.filter { $0.person.id == person.id }.map { _ in job.id }
        }
        guard jobs.count >= settings.limits.sessionsPerPerson else { return }
        let inside = Set(jobs).inOrder
        throw RunnerError(
            .tooMany(.init(what: "sessions", limit: settings.limits.sessionsPerPerson)),
            "\(person.name) already has \(jobs.count.counted("session")), which is the limit: leave one in job \(WaitReason.list(inside, "or"))."
        )
    }
}
