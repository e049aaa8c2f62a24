import BuildAPI
import ConfigurationFile
import Foundation
import Logging

/// Jobs do not stay for ever.
extension JobBook {
    /// Removes what has been over for longer than the administrator wants to keep it: jobs, and their logs. A few at a
    /// time, so that nobody's heartbeat waits for it.
    func removeOldJobs() async {
        let days = Double(settings.limits.retention)
        let moment = timekeeper.now().addingTimeInterval(-days * 24 * 3600)
        var last: JobID?
        var removed = 0
        do throws(RunnerError) {
            while case let jobs = try store.jobsOver(since: moment, behind: last, limit: 20), !jobs.isEmpty {
                for id in jobs where entries[id] == nil && removeLogs(of: id) {
                    // The logs first: a job that is still there is found again.
                    try store.removeJob(id)
                    removed += 1
                }
                last = jobs.last
                await _Concurrency.Task.yield()
                guard !isStopping else { break }
            }
        } catch {
            logger.error("old jobs are not removed: \(error.debugDescription)")
        }
        guard removed > 0 else { return }
        logger.info("\(removed) jobs have been over for \(settings.limits.retention) days: removed")
    }

    private func removeLogs(of id: JobID) -> Bool {
        do {
            try FileManager.default.removeItem(atPath: settings.logs(of: id))
        } catch CocoaError.fileNoSuchFile {
            return true
        } catch {
            logger.error("job \(id) stays: its logs cannot be removed: \(error)")
            return false
        }
        return true
    }
}
