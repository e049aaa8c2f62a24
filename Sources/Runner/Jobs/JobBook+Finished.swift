import BuildAPI
import Logging

/// Finished jobs without a builder, of which each owner can have some.
extension JobBook {
    /// How many go at once. If the administrator has lowered the limit, the rest go with the next submissions.
    private static let most = 20

    /// Notes what a finished job takes.
    func measure(_ id: JobID, _ logs: JobLogs) {
        do {
            try store.setBytes(ofFinished: id, logs: logs.size)
        } catch {
            // It is measured within the hour.
            logger.error("job \(id): its size is not stored: \(error.debugDescription)")
        }
    }

    /// Measures the finished jobs whose size is unknown. A few at a time, so that no heartbeat has to wait.
    func measureFinishedJobs() async {
        var last: JobID?
        do throws(RunnerError) {
            while case let jobs = try store.unmeasuredJobs(behind: last, limit: 20), !jobs.isEmpty {
                for id in jobs where entries[id] == nil { measure(id, try logs(id)) }
                last = jobs.last
                await _Concurrency.Task.yield()
                guard !isStopping else { return }
            }
        } catch {
            logger.error("finished jobs cannot be measured: \(error.debugDescription)")
        }
    }

    /// Removes the owner's oldest finished jobs if they have as many as they can have, so that one more can finish.
    ///
    /// - Returns: those that have gone, oldest first.
    func makeRoomForFinished(of owner: Person) -> [JobID] {
        var removed: [JobID] = []
        do throws(RunnerError) {
            let finished = try store.finishedJobs(of: owner)
            let oldest = try store.oldestFinishedJobs(of: owner, limit: Self.most)
            for id in finished.surplus(oldest, settings.limits) where try removeFinished(id) {
                removed.append(id)
            }
        } catch {
            logger.error("finished jobs of \(owner.name) cannot be removed: \(error.debugDescription)")
        }
        guard !removed.isEmpty else { return [] }
        let ids = removed.map(\.description).joined(separator: ", ")
        logger.info("removed the oldest finished jobs of \(owner.name), who has reached a limit: \(ids)")
        return removed
    }
}
