import BuildAPI
import FoundationEssentials
import Logging

/// A disk that is full: jobs go on, and what could not be written is written when there is room again.
extension JobBook {
    /// Seconds between attempts.
    private static let patience = 1.0

    /// Stores a job, now or later.
    func save(_ id: JobID) {
        guard let entry = entries[id] else { return }
        do {
            try store.save(entry.record, at: timekeeper.now())
            entries[id]?.isStored = true
        } catch {
            logger.error("job \(id): not stored: \(error.debugDescription)")
            entries[id]?.isStored = false
            if entry.isStored {
                log("the state of this job cannot be stored now; it goes on, and is stored later", id)
            }
            catchUpLater()
        }
    }

    /// Says that a task's log cannot be written, and returns when it can: meanwhile the builder keeps the output.
    func waitForRoom(for log: LogFile, of task: String, _ id: JobID) async throws {
        let cause = log.failure ?? "no room"
        logger.error("job \(id): the log of task \(task) cannot be written: \(cause)")
        self.log("task \(task): its log waits, for it cannot be written: \(cause)", id)
        while !log.flush() { try await timekeeper.wait(nextAttempt) }
        logger.info("job \(id): the log of task \(task) goes on")
        self.log("task \(task): its log goes on, nothing is missing", id)
    }

    func catchUpLater() {
        guard catchingUp == nil, !isStopping else { return }
        catchingUp = _Concurrency.Task { [weak self, timekeeper] in
            while let moment = await self?.nextAttempt, (try? await timekeeper.wait(moment)) != nil {
                guard await self?.catchUp() == false else { return }
            }
        }
    }

    var nextAttempt: Date { timekeeper.now().addingTimeInterval(Self.patience) }

    /// - Returns: whether nothing is left to be written.
    @discardableResult
    func catchUp() -> Bool {
        for (id, entry) in entries {
            entry.logs.flush()
            if !entry.isStored, (try? store.save(entry.record, at: timekeeper.now())) != nil {
                entries[id]?.isStored = true
            }
            closeIfOver(id)
        }
        guard entries.values.allSatisfy({ $0.isStored && $0.logs.setup.isOnDisk }) else { return false }
        catchingUp = nil
        logger.info("the disk has room again: every job is stored")
        return true
    }
}
