import BuildAPI
import ServiceClient

/// The logs of the worker's jobs: `{logs}/{id}/log` and `{logs}/{id}/{task}/log`, raw terminal output.
protocol WorkerLogs: AnyObject {
    /// The names of the tasks that have begun, in that order.
    func tasks(of job: JobID, _ answer: @escaping ([String]) -> Void)

    /// Nil if the job's own log cannot be read.
    func end(of job: JobID, _ answer: @escaping (LogEnd?) -> Void)

    /// Like `BuildService.lastLines`.
    func lastLines(
        _ count: Int, of log: String, of job: JobID,
        _ answer: @escaping (Result<LastLines, ServiceError>) -> Void)

    /// Like `BuildService.followLog`.
    func follow(
        _ log: String, of news: JobNews, from offset: Int,
        _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream

    /// Calls whenever something in the job's folder changes, while the result is kept; nil: it cannot be watched.
    func watch(_ job: JobID, _ changed: @escaping () -> Void) -> FolderWatch?
}

/// Remembers the tasks of jobs in the order in which they were first seen.
struct TaskOrder {
    private var known: [JobID: [String]] = [:]

    /// - Parameter names: all tasks that exist, the new ones in the order to keep.
    mutating func order(_ names: [String], of job: JobID) -> [String] {
        let old = known[job] ?? []
        known[job] = old + names.filter { !old.contains($0) }
        return known[job] ?? []
    }

    func isKnown(_ name: String, of job: JobID) -> Bool { known[job]?.contains(name) == true }
}
