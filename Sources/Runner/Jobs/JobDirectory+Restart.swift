import BuildAPI
import FoundationEssentials
import Logging

/// The runner's start and end, as its jobs see them.
extension JobDirectory {
    /// Continues what an earlier runner has left: the queue, live builders and the tasks in them.
    func takeOver() async throws(RunnerError) {
        isTakingOver = true
        let step = try await store.moveDeadlines(to: timekeeper.boot)
        if step != 0 { logger.notice("the clock was set by \(Int(step)) s: deadlines move with it") }
        let records = try await store.liveJobs()
        for record in records {
            let id = record.job.id
            add(record)
            guard let job = entries[id]?.job else { continue }
            let plan = settings.plan(for: record)
            if record.job.builder == nil {
                guard !record.isOver else {
                    forgetIfOver(id)
                    continue
                }
                // A runner may have died after starting a machine and before recording it.
                await context.supply.discard(plan)
                waiting.add(id, of: record.job.owner.id)
            } else if let machine = await context.supply.adopt(plan) {
                giveSlot(to: id)
                await job.adopt(machine)
            } else {
                await job.lose()
            }
        }
        // Owners who had a turn last come last.
        let started = records.compactMap { record in
            record.builderStarted.map { (moment: $0, owner: record.job.owner.id) }
        }
        for turn in started.sorted(by: { $0.moment < $1.moment }) { waiting.endTurn(of: turn.owner) }
        isTakingOver = false
        fillSlots()
    }

    /// Ends every builder that an earlier runner has left, and closes their jobs.
    func drain() async throws(RunnerError) {
        for record in try await store.liveJobs() where record.job.builder != nil {
            await context.supply.discard(settings.plan(for: record))
            try await with(record.job.id) { await $0.lose(.released) }
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
        guard endsBuilders else { return }
        await withTaskGroup { group in
            for entry in entries.values where entry.hasSlot {
                group.addTask { await entry.job.endForGood() }
            }
        }
    }
}
