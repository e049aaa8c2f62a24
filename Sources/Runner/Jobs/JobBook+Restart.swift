import BuildAPI
import FoundationEssentials
import Logging

/// The runner's start and end, as its jobs see them.
extension JobBook {
    /// Continues what an earlier runner has left: the queue, live builders and the tasks in them.
    func takeOver() async throws(RunnerError) {
        isTakingOver = true
        let step = try store.moveDeadlines(to: timekeeper.boot)
        if step != 0 { logger.notice("the clock was set by \(Int(step)) s: deadlines move with it") }
        let records = try store.liveJobs()
        for record in records {
            let id = record.job.id
            add(record)
            guard record.job.builder != nil else {
                if record.isOver {
                    closeIfOver(id)
                } else {
                    // A runner may have died after starting a machine and before recording it.
                    await supply.discard(settings.plan(for: record))
                    waiting.add(id, of: record.job.owner.id)
                }
                continue
            }
            if let machine = await supply.adopt(settings.plan(for: record)) {
                logger.info("job \(id): its builder continues")
                if record.job.status.isFinal {
                    adopt(id, machine)
                } else {
                    start(id, on: machine)
                }
                // Sessions could not send heartbeats, so their leases start again.
                apply(id) { $0.renewAll(at: $1) + $0.timePassed(at: $1) }
                // The earlier runner may have died before it told the builder.
                moveDeadline(id)
                tellPeople(id)
            } else {
                logger.info("job \(id): its builder is gone")
                apply(id) { $0.builderEnded(at: $1) }
            }
        }
        // Whoever had a turn last comes last.
        let started = records.compactMap { record in
            record.builderStarted.map { (moment: $0, owner: record.job.owner.id) }
        }
        for turn in started.sorted(by: { $0.moment < $1.moment }) { waiting.endTurn(of: turn.owner) }
        isTakingOver = false
        fillSlots()
    }

    /// Interrupts everything that waits, without ending anything: the next runner continues.
    ///
    /// - Parameter endsBuilders: true for a runner that leaves nothing behind.
    func stop(endsBuilders: Bool) async {
        isStopping = true
        if let catchingUp {
            catchingUp.cancel()
            catchUp()
        }
        for id in entries.keys {
            entries[id]?.alarm?.cancel()
            entries[id]?.run?.cancel()
            entries[id]?.feed.end(throwing: RunnerError(.stopping, "The service is stopping."))
            entries[id]?.logs.breakOff()
        }
        guard endsBuilders else { return }
        // A machine that is being started exists when its job's run has returned.
        for entry in entries.values { await entry.run?.value }
        await withTaskGroup { group in
            for entry in entries.values where entry.hasSlot {
                let plan = settings.plan(for: entry.record)
                group.addTask { [supply] in
                    await entry.machine?.end()
                    await supply.discard(plan)
                }
            }
        }
    }
}
