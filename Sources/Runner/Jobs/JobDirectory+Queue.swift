import BuildAPI
import ConfigurationFile
import Presentation

/// The jobs that wait for a builder, and the owners' limits.
extension JobDirectory {
    /// Starts waiting jobs while there are slots. A kept builder keeps its slot, because it keeps its memory.
    func fillSlots() {
        guard startsJobs else { return }
        while entries.values.count(where: \.hasSlot) < settings.slots,
            let id = waiting.next(where: { obstacle(builders(of: $0)) == nil })
        {
            guard let job = giveSlot(to: id) else { continue }
            _Concurrency.Task { await job.start() }
        }
        for (owner, jobs) in waiting.byOwner {
            let builders = builders(of: owner)
            for id in jobs {
                guard let job = entries[id]?.shown.job else { continue }
                waits(id, for: WaitReason(job, builders, obstacle(builders)))
            }
        }
    }

    private func builders(of owner: String) -> OwnersBuilders {
        OwnersBuilders(
            entries.values.lazy.filter(\.hasSlot).map(\.shown.job).filter { $0.owner.id == owner })
    }

    private func obstacle(_ builders: OwnersBuilders) -> OwnersBuilders.Obstacle? {
        let running = settings.runningPerOwner
        return builders.obstacle(
            runningLimit: running < settings.slots ? running : nil, keptLimit: settings.limits.keptPerOwner)
    }

    /// Whether the builder of a job can be kept when its tasks end now. Its place is reserved until the job says how it
    /// has ended.
    func keptRoom(for id: JobID) -> KeptRoom {
        guard let job = entries[id]?.shown.job else { return .free }
        let kept = entries.filter { other, entry in
            let isKept = entry.shown.job.builder?.state == .kept || entry.isAboutToBeKept
            return other != id && entry.shown.job.owner.id == job.owner.id && isKept && !entry.isDisplaced
        }
        let room = KeptRoom(
            for: job, among: kept.values.map(\.shown.job), limit: settings.limits.keptPerOwner,
            whenFull: settings.limits.keptFull)
        switch room {
        case .free: entries[id]?.isAboutToBeKept = true
        case .instead(let oldest, _):
            entries[id]?.isAboutToBeKept = true
            entries[oldest]?.isDisplaced = true
        case .full: break
        }
        return room
    }

    /// A newer builder of its owner's is kept in the place of this job's.
    func displace(_ id: JobID) async {
        guard let job = entries[id]?.job else { return }
        await job.apply { $0.displaced(at: $1) }
        // Someone may have entered it in the last moment, and then it stays.
        entries[id]?.isDisplaced = false
    }

    /// Throws if the owner has reached the limit of waiting jobs.
    func checkQueue(of owner: Party) throws(RunnerError) {
        let jobs = waiting.jobs(of: owner.id)
        let count = jobs.count + submissions[owner.id, default: 0]
        guard count >= settings.limits.queuedPerOwner else { return }
        throw RunnerError(
            .tooMany(.init(what: "waiting jobs", limit: settings.limits.queuedPerOwner)),
            "\(owner.name) already has \(count.counted("waiting job")), which is the limit: cancel \(WaitReason.list(jobs, "or")), or try again later."
        )
    }

    /// Called once for each submission, before any of it is read. Throws if the owner submits too often.
    func countSubmission(of owner: Party) throws(RunnerError) {
        guard let seconds = submissionRate.take(of: owner.id, at: timekeeper.now()) else { return }
        let limit = submissionRate.perMinute
        throw RunnerError(
            .tooOften(.init(what: "submissions in a minute", limit: limit), seconds: seconds),
            "\(owner.name) submits more than \(limit.counted("job")) a minute, which is the limit: try again in \(seconds.counted("second"))."
        )
    }
}
