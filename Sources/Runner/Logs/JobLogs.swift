import BuildAPI
import Glibc

/// The logs of one job: `{folder}/log` is its own, `{folder}/{task}/log` those of its tasks.
struct JobLogs: Sendable {
    let own: LogFile
    private let tasks: [String: LogFile]

    /// - Parameter isEnded: true for a final job: nothing will be written.
    init(folder: String, tasks names: [String], limit: Int, isEnded: Bool = false) {
        if !isEnded { mkdir(folder, 0o750) }
        let budget = LogBudget(limit)
        // The runner's own few sentences are kept, however much the tasks write.
        own = LogFile(path: "\(folder)/log", budget: LogBudget(1 << 20), isEnded: isEnded)
        tasks = Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, LogFile(path: "\(folder)/\($0)/log", budget: budget, isEnded: isEnded))
            })
        // What an earlier runner has written counts too.
        _ = budget.take(tasks.values.reduce(0) { $0 + $1.size })
    }

    /// The log of that name: a task's, or the job's own; nil: there is no such log.
    subscript(name: String) -> LogFile? {
        switch name {
        case LogName.job: own
        case LogName.setup: tasks[name] ?? own
        default: tasks[name]
        }
    }

    /// Bytes of all of them.
    var size: Int { own.size + tasks.values.reduce(0) { $0 + $1.size } }

    /// Whether nothing waits in memory for space on the disk.
    var isOnDisk: Bool { own.isOnDisk && tasks.values.allSatisfy(\.isOnDisk) }

    /// Writes what waits in memory.
    func flush() {
        for log in [own] + tasks.values where !log.isOnDisk { _ = log.flush() }
    }

    func end() {
        own.end()
        for log in tasks.values { log.end() }
    }

    func breakOff() {
        own.breakOff()
        for log in tasks.values { log.breakOff() }
    }
}
