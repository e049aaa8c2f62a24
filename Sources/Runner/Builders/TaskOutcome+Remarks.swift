import BuildAPI
import Provider

/// What people read about how a task has ended.
extension TaskOutcome {
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
    /// - Parameter memory: the builder's, in MiB; nil: unknown.
    func remarks(memory: Int?) -> [String] {
        var remarks: [String] = []
        if shortages.contains(.disk) { remarks.append("the disk of the builder is full") }
        if shortages.contains(.memory), exitStatus != 0 {
            let size = memory.map { " (\($0) MiB)" } ?? ""
            remarks.append("the builder ran out of memory\(size), and the kernel killed processes")
        }
        return remarks
    }
}
