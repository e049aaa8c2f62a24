import BuildAPI
import ConfigurationFile
import Foundation
import Logging
import Presentation

/// Removes old jobs, with their logs, artifacts and sources, and measures what the others take. It works beside the directory, so
/// that nobody waits for it.
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

    /// Forgets who has accepted earlier terms of use, as long ago as the administrator wants.
    func removeOldAcceptances() async {
        guard let days = settings.acceptanceRetention else { return }
        let moment = directory.timekeeper.now().addingTimeInterval(-Double(days) * 24 * 3600)
        do throws(RunnerError) {
            let removed = try await directory.store.removeAcceptances(before: moment)
            guard removed > 0 else { return }
            logger.info("forgot \(removed.counted("acceptance")) of earlier terms of use")
        } catch {
            logger.error("old acceptances cannot be removed: \(error.debugDescription)")
        }
    }

    /// Removes a job that only the database has.
    ///
    /// - Returns: whether it is gone.
    private func remove(_ id: JobID) async throws(RunnerError) -> Bool {
        // Remove the files first: a job that still exists is found again.
        guard await directory.isForgotten(id), removeLogs(of: id), directory.removeSource(of: id) else {
            return false
        }
        try await directory.store.removeJob(id)
        return true
    }

    // MARK: What finished jobs take

    /// How many go at once. If the administrator has lowered the limit, the rest go with the next submissions.
    private static let most = 20

    /// Notes what a finished job takes.
    func measure(_ id: JobID, _ logs: JobLogs) async {
        do {
            try await directory.store.setBytes(
                ofFinished: id, logs: logs.size + StoredArtifacts(of: id, in: directory.settings).size)
        } catch {
            // It is measured within the hour.
            logger.error("job \(id): its size is not stored: \(error.debugDescription)")
        }
    }

    /// Measures the finished jobs whose size is unknown.
    func measureFinishedJobs() async {
        var last: JobID?
        do throws(RunnerError) {
            while case let jobs = try await directory.store.unmeasuredJobs(behind: last, limit: 20),
                !jobs.isEmpty, await !directory.isStopping
            {
                for id in jobs where await directory.isForgotten(id) {
                    await measure(id, try await directory.logs(id))
                }
                last = jobs.last
            }
        } catch {
            logger.error("finished jobs cannot be measured: \(error.debugDescription)")
        }
    }

    /// Removes the owner's oldest finished jobs if they have as many as they can have, so that one more can finish.
    ///
    /// - Returns: those that have gone, oldest first.
    func makeRoomForFinished(of owner: Party) async -> [JobID] {
        var removed: [JobID] = []
        do throws(RunnerError) {
            let finished = try await directory.store.finishedJobs(of: owner)
            let oldest = try await directory.store.oldestFinishedJobs(of: owner, limit: Self.most)
            for id in finished.surplus(oldest, settings.limits) where try await remove(id) {
                removed.append(id)
            }
        } catch {
            logger.error("finished jobs of \(owner.name) cannot be removed: \(error.debugDescription)")
        }
        guard !removed.isEmpty else { return [] }
        let ids = removed.map(\.description).joined(separator: ", ")
        logger.info("removed the oldest finished jobs of \(owner.name), because of a limit: \(ids)")
        return removed
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
