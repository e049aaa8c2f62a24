import BuildAPI
import FoundationEssentials
import Logging
import Presentation
import Provider

/// The runner's start and end, as its jobs see them.
extension JobDirectory {
    /// Continues what an earlier runner has left: the queue, live builders and the tasks in them.
    func takeOver() async throws(RunnerError) {
        isTakingOver = true
        let step = try await store.moveDeadlines(to: timekeeper.boot)
        if step != 0 { logger.notice("the clock was set by \(Int(step)) s: deadlines move with it") }
        let records = try await store.liveJobs()
        var unneeded = Dictionary(
            try await context.allocations.takeOver().map { ($0.allocation.id, $0) }
        ) { first, _ in first }
        for record in records {
            add(record)
            guard let used = await takeOver(record) else { continue }
            unneeded[used] = nil
        }
        // A runner may have died after it had asked for a machine, or before the machine was released.
        for left in unneeded.values {
            await release(left.allocation, entered: await wasEntered(left))
        }
        // Owners who had a turn last come last.
        let started = records.compactMap { record in
            record.builderStarted.map { (moment: $0, owner: record.job.owner.id, pool: record.build.pool) }
        }
        for turn in started.sorted(by: { $0.moment < $1.moment }) {
            waiting[turn.pool]?.endTurn(of: turn.owner)
        }
        for pool in context.pools.all {
            await pool.provider.begin { [allocations = context.allocations] in await allocations.knows($0) }
        }
        isTakingOver = false
        fillSlots()
    }

    /// - Returns: the allocation that the job still needs.
    private func takeOver(_ record: JobRecord) async -> AllocationID? {
        let id = record.job.id
        guard let job = entries[id]?.job else { return nil }
        guard !record.hasAttachedItself else {
            await takeOverMachine(of: record)
            return nil
        }
        guard record.job.builder != nil else {
            if record.isOver {
                forgetIfOver(id)
            } else if context.pools[record.build.pool] != nil {
                waiting[record.build.pool, default: Waiting()].add(id, of: record.job.owner.id)
            } else {
                await job.losePool()
            }
            return nil
        }
        guard let allocation = await context.allocations.current(of: id),
            let machine = await context.pools[allocation.pool]?.provider.reattach(allocation)
        else {
            guard record.attachment != nil, record.job.builder?.state == .booting else {
                await job.lose()
                return nil
            }
            await job.requeue()
            waiting[record.build.pool, default: Waiting()].add(id, of: record.job.owner.id)
            return nil
        }
        if let attachment = record.attachment?.id { attachedJobs[attachment] = id }
        giveSlot(to: id)
        await job.adopt(machine, allocation)
        return allocation.id
    }

    /// Whether someone was inside. A runner may have died before it stored that with the allocation.
    private func wasEntered(_ left: AllocationRecord) async -> Bool {
        if left.entered { return true }
        let job = try? await store.job(left.allocation.job)
        return job?.isEntered ?? true
    }

    /// Until it is released, it takes a slot.
    private func release(_ allocation: Allocation, entered: Bool) async {
        leftovers[allocation.id] = allocation.pool
        await context.allocations.beginRelease(allocation.id, entered: entered)
        _Concurrency.Task {
            await context.allocations.release(allocation.id, entered: entered)
            leftovers[allocation.id] = nil
            fillSlots()
        }
    }

    /// Ends every builder that an earlier runner has left, and closes their jobs.
    func drain() async throws(RunnerError) {
        let records = try await store.liveJobs()
        let left = try await context.allocations.takeOver()
        let unreleased = await withTaskGroup(of: Allocation?.self) { group in
            for record in left {
                let entered = await wasEntered(record)
                group.addTask { [allocations = context.allocations] in
                    let isReleased = await allocations.releaseOnce(record.allocation.id, entered: entered)
                    return isReleased ? nil : record.allocation
                }
            }
            var unreleased: [Allocation] = []
            for await allocation in group { if let allocation { unreleased.append(allocation) } }
            return unreleased
        }
        for record in records where record.job.builder != nil {
            try await with(record.job.id) { await $0.lose(.released) }
        }
        await context.allocations.stop()
        guard unreleased.isEmpty else {
            let list = unreleased.map { "\($0.id) of the pool \($0.pool)" }.sorted().joined(separator: ", ")
            throw RunnerError(
                .failure,
                "\(unreleased.count.counted("machine")) could not be released: \(list). The next runner tries it again."
            )
        }
    }

    /// Whether waiting jobs can start.
    var startsJobs: Bool { !isStopping && !isTakingOver }

    /// Interrupts everything that waits, without ending anything: the next runner continues.
    ///
    /// - Parameter endsBuilders: true for a runner that leaves nothing behind.
    func stop(endsBuilders: Bool) async {
        isStopping = true
        for entry in entries.values { await entry.job.stop() }
        if endsBuilders {
            await withTaskGroup { group in
                for entry in entries.values {
                    group.addTask { await entry.job.endForGood() }
                }
            }
        }
        await context.allocations.stop()
    }
}
