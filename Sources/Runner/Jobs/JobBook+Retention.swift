import BuildAPI
import ConfigurationFile
import Foundation
import Logging

/// Removes old jobs.
extension JobBook {
    /// Removes jobs, with their logs, that ended longer ago than the administrator wants to keep them. A few at a
    /// time, so that no heartbeat has to wait.
    func removeOldJobs() async {
        let days = Double(settings.limits.retention)
        let moment = timekeeper.now().addingTimeInterval(-days * 24 * 3600)
        var last: JobID?
        var removed = 0
        do throws(RunnerError) {
            while case let jobs = try store.jobsOver(since: moment, behind: last, limit: 20), !jobs.isEmpty {
                for id in jobs where try removeFinished(id) { removed += 1 }
                last = jobs.last
                await _Concurrency.Task.yield()
                guard !isStopping else { break }
            }
        } catch {
            logger.error("old jobs cannot be removed: \(error.debugDescription)")
        }
        guard removed > 0 else { return }
        logger.info("removed \(removed) jobs that ended more than \(settings.limits.retention) days ago")
    }

    /// Removes a job that is only in the database, with its logs and its source.
    ///
    /// - Returns: whether it is gone.
    func removeFinished(_ id: JobID) throws(RunnerError) -> Bool {
        // Remove the logs first: a job that still exists is found again.
        guard entries[id] == nil, removeLogs(of: id), removeSource(of: id) else { return false }
        try store.removeJob(id)
        return true
    }

    private func removeLogs(of id: JobID) -> Bool {
        do {
            try FileManager.default.removeItem(atPath: settings.logs(of: id))
        } catch CocoaError.fileNoSuchFile {
            return true
        } catch {
            logger.error("job \(id) is not removed: its logs cannot be removed: \(error)")
            return false
        }
        return true
    }
}
