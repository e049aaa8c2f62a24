import BuildAPI
import ConfigurationFile
import Foundation
import Logging

/// Removes old jobs, with their logs and sources. It reads and removes beside the directory, which nobody waits for.
struct Retention: Sendable {
    private let directory: JobDirectory

    init(of directory: JobDirectory) {
        self.directory = directory
    }

    private var settings: Settings { directory.settings }
    private var logger: Logger { directory.logger }

    /// Removes jobs that ended longer ago than the administrator wants to keep them, and gives the space back to the
    /// host.
    func removeOldJobs() async {
        let days = settings.limits.retention
        let moment = directory.timekeeper.now().addingTimeInterval(-Double(days) * 24 * 3600)
        var last: JobID?
        var removed = 0
        do throws(RunnerError) {
            while case let jobs = try await directory.store.jobsOver(since: moment, behind: last, limit: 20),
                !jobs.isEmpty, await !directory.isStopping
            {
                for id in jobs where try await remove(id) { removed += 1 }
                last = jobs.last
            }
            if removed > 0 { try await directory.store.shrink() }
        } catch {
            logger.error("old jobs cannot be removed: \(error.debugDescription)")
        }
        guard removed > 0 else { return }
        logger.info("removed \(removed) jobs that ended more than \(days) days ago")
    }

    /// - Returns: whether it is gone.
    private func remove(_ id: JobID) async throws(RunnerError) -> Bool {
        // Remove the files first: a job that still exists is found again.
        guard await directory.isForgotten(id), removeLogs(of: id), directory.removeSource(of: id) else {
            return false
        }
        try await directory.store.removeJob(id)
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
