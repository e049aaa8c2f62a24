import BuildAPI
import ConfigurationFile
import Presentation

/// The jobs that wait for a builder, and the owners' limits.
extension JobDirectory {
    /// Starts waiting jobs while there are slots in their pools. A kept builder keeps its slot, because it keeps its
    /// machine.
    func fillSlots() {
        guard startsJobs else { return }
        for pool in context.pools.all { fill(pool) }
    }

    private func fill(_ pool: Pool) {
        guard var line = waiting[pool.name] else { return }
        while slotsTaken(in: pool.name) < pool.max,
            let id = line.next(where: { obstacle(builders(of: $0, in: pool), in: pool) == nil })
        {
            guard let job = giveSlot(to: id) else { continue }
            _Concurrency.Task { await job.start() }
        }
        waiting[pool.name] = line
        for (owner, jobs) in line.byOwner {
            let builders = builders(of: owner, in: pool)
            for id in jobs {
                guard let job = entries[id]?.shown.job else { continue }
                waits(id, for: WaitReason(job, builders, obstacle(builders, in: pool)))
            }
        }
    }

    func slotsTaken(in pool: String) -> Int {
        entries.values.count { $0.hasSlot && $0.pool == pool } + leftovers.values.count { $0 == pool }
    }

    private func builders(of owner: String, in pool: Pool) -> OwnersBuilders {
        OwnersBuilders(
            entries.values.lazy.filter(\.hasSlot).map(\.shown.job).filter { $0.owner.id == owner },
            in: pool.name)
    }

    private func obstacle(_ builders: OwnersBuilders, in pool: Pool) -> OwnersBuilders.Obstacle? {
        builders.obstacle(
            runningLimit: pool.runningLimit(settings.limits.runningPerOwner),
            keptLimit: settings.limits.keptPerOwner)
    }

    /// Whether the builder of a job can be kept when its tasks end now. Its place is reserved until the job says how it
    /// has ended.
    func keptRoom(for id: JobID) -> KeptRoom {
        guard let job = entries[id]?.shown.job else { return .free }
        let kept = entries.filter { other, entry in
            let isKept = entry.shown.job.builder?.state == .kept || entry.isAboutToBeKept
            return other != id && entry.shown.job.owner.id == job.owner.id && isKept && !entry.isDisplaced
                && !entry.pool.isEmpty
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
        let jobs = waiting.values.flatMap { $0.jobs(of: owner.id) }.inOrder
        let count = jobs.count + submissions[owner.id, default: 0]
        guard count >= settings.limits.queuedPerOwner else { return }
        throw RunnerError(
            .tooMany(.init(what: "waiting jobs", limit: settings.limits.queuedPerOwner)),
            "\(owner.name) already has \(count.counted("waiting job")), which is the limit: cancel \(WaitReason.list(jobs, "or")), or try again later.",
            limit: .queuedPerOwner)
    }

    /// Called once for each submission, before any of it is read. Throws if the owner submits too often.
    func countSubmission(of owner: Party) throws(RunnerError) {
        guard let seconds = submissionRate.take(of: owner.id, at: timekeeper.now()) else { return }
        let limit = submissionRate.most
        throw RunnerError(
            .tooOften(.init(what: "submissions in a minute", limit: limit), seconds: seconds),
            "\(owner.name) submits more than \(limit.counted("job")) a minute, which is the limit: try again in \(seconds.counted("second")).",
            limit: .submissionsPerMinute)
    }
}
