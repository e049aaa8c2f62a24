public import BuildAPI

/// How a task has ended.
public struct TaskOutcome: Equatable, Sendable {
    /// 128 + N if signal N killed it.
    public var exitStatus: Int
    /// What the builder had run out of by then.
    public var shortages: Set<Job.Task.Shortage>
    /// Whether it has ended the whole job, with the builder's command `complete-build`.
    public var completesBuild: Bool

    public init(
        exitStatus: Int, shortages: Set<Job.Task.Shortage> = [], completesBuild: Bool = false
    ) {
        self.exitStatus = exitStatus
        self.shortages = shortages
        self.completesBuild = completesBuild
    }

    /// What can be why the task failed. Where files are in memory, a full disk can be why there was no memory left; what
    /// ended the task is then that something was killed.
    var shortage: Job.Task.Shortage? {
        guard exitStatus != 0 else { return nil }
        return shortages.contains(.memory) ? .memory : shortages.first
    }

    /// Lines for the job's log.
    ///
    /// A task that has succeeded can have lost output to a full disk; it does not miss what was killed.
    ///
    /// - Parameter memory: the builder's, in MiB.
    func remarks(memory: Int) -> [String] {
        var remarks: [String] = []
        if shortages.contains(.disk) { remarks.append("the disk of the builder is full") }
        if shortages.contains(.memory), exitStatus != 0 {
            remarks.append("the builder ran out of memory (\(memory) MiB), and the kernel killed processes")
        }
        return remarks
    }
}
