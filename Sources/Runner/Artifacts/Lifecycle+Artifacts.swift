import BuildAPI
import FoundationEssentials
import Presentation

/// The time between a job's last task and its end, in which its artifacts are taken. Who enters then, enters before the end.
extension Lifecycle {
    /// Seconds that this can last, beyond the timeout of the tasks.
    static let timeForArtifacts = 600.0

    mutating func artifactsBegun(at now: Date) -> [Effect] {
        guard !record.job.status.isFinal else { return [] }
        record.artifactsUntil = now.addingTimeInterval(Self.timeForArtifacts)
        return updateDeadline()
    }

    mutating func artifactsTaken(_ taken: TakenArtifacts) -> [Effect] {
        guard !record.job.status.isFinal else { return [] }
        record.job.artifacts?.count = taken.count
        record.job.artifacts?.size = taken.size
        record.job.artifacts?.remarks = taken.remarks.isEmpty ? nil : taken.remarks
        let lines = taken.remarks + [record.job.artifacts?.spoken].compactMap(\.self)
        let mark = (taken.count ?? 0) > 0 ? EarlyEntries(record.job).withholding : nil
        return (lines + [mark].compactMap(\.self)).map { .log("artifacts: \($0)") } + [.publish(.status)]
    }
}
