public import BuildAPI

/// How a task has ended.
public struct TaskOutcome: Hashable, Sendable {
    /// 128 + N if signal N killed it.
    public var exitStatus: Int
    /// What the builder had run out of by then. If it was the disk, output may be missing.
    public var shortages: Set<Job.Task.Shortage>
    /// Whether it has ended the whole job, with the builder's command `complete-build`, and nothing has gone wrong after
    /// that.
    public var completesBuild: Bool

    public init(
        exitStatus: Int, shortages: Set<Job.Task.Shortage> = [], completesBuild: Bool = false
    ) {
        self.exitStatus = exitStatus
        self.shortages = shortages
        self.completesBuild = completesBuild
    }
}
