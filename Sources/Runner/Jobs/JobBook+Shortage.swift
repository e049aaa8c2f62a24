import BuildAPI
import FoundationEssentials
import Logging

/// When the disk is full, jobs continue, and the rest is written when there is space again.
extension JobBook {
    /// Seconds between attempts.
    private static let retryInterval = 1.0

    /// Stores a job now or, if the disk is full, later.
    func save(_ id: JobID) {
        guard let entry = entries[id] else { return }
        do {
            try store.save(entry.record, at: timekeeper.now())
            entries[id]?.isStored = true
        } catch {
            logger.error("job \(id): not stored: \(error.debugDescription)")
            entries[id]?.isStored = false
            if entry.isStored {
                log("the state of this job cannot be stored now; the job continues, and is stored later", id)
            }
            catchUpLater()
        }
    }

    /// Reports that a task's log cannot be written, and returns when it can. Until then the builder keeps the output.
    func waitForRoom(for log: LogFile, of task: String, _ id: JobID) async throws {
        let cause = log.failure ?? "no room"
        logger.error("job \(id): the log of task \(task) cannot be written: \(cause)")
        self.log("task \(task): its log waits, because it cannot be written: \(cause)", id)
        while !log.flush() { try await timekeeper.wait(nextAttempt) }
        logger.info("job \(id): the log of task \(task) continues")
        self.log("task \(task): its log continues, nothing is missing", id)
    }

    func catchUpLater() {
        guard catchingUp == nil, !isStopping else { return }
        catchingUp = _Concurrency.Task { [weak self, timekeeper] in
            while let moment = await self?.nextAttempt, (try? await timekeeper.wait(moment)) != nil {
                guard await self?.catchUp() == false else { return }
            }
        }
    }

    var nextAttempt: Date { timekeeper.now().addingTimeInterval(Self.retryInterval) }

    /// - Returns: whether everything has been written.
    @discardableResult
    func catchUp() -> Bool {
        for (id, entry) in entries {
            entry.logs.flush()
            if !entry.isStored, (try? store.save(entry.record, at: timekeeper.now())) != nil {
                entries[id]?.isStored = true
            }
            closeIfOver(id)
        }
        guard entries.values.allSatisfy({ $0.isStored && $0.logs.own.isOnDisk }) else { return false }
        catchingUp = nil
        logger.info("the disk has space again: every job is stored")
        return true
    }
}
