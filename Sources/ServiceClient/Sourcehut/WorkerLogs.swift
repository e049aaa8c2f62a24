import BuildAPI
import ServiceClient

/// The logs of the worker's jobs: `{logs}/{id}/log` and `{logs}/{id}/{task}/log`, raw terminal output.
protocol WorkerLogs: AnyObject {
    /// The names of the tasks that have begun, in the order in which they have.
    func tasks(of job: JobID, _ answer: @escaping ([String]) -> Void)

    /// Nil where the job's own log cannot be read.
    func end(of job: JobID, _ answer: @escaping (LogEnd?) -> Void)

    /// As `BuildService.followLog`.
    func follow(
        _ log: String, of news: JobNews, _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream

    /// Calls whenever something in the job's folder changes, as long as the answer is held; nil: nothing will tell.
    func watch(_ job: JobID, _ changed: @escaping () -> Void) -> FolderWatch?
}

/// The tasks of jobs in the order in which they were first seen.
struct TaskOrder {
    private var known: [JobID: [String]] = [:]

    /// - Parameter names: all that are there; those not seen before in the order that is to be kept.
    mutating func order(_ names: [String], of job: JobID) -> [String] {
        let old = known[job] ?? []
        known[job] = old + names.filter { !old.contains($0) }
        return known[job] ?? []
    }

    func isKnown(_ name: String, of job: JobID) -> Bool { known[job]?.contains(name) == true }
}
