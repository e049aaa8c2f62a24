import BuildAPI
import Hummingbird
import NIOPosix

/// Lists of jobs. They can be long, so nobody else waits for them.
extension Responder {
    func listJobs(_ query: Query) async throws(RunnerError) -> Response {
        let (live, shared) = (try query.flag("live"), try query.flag("shared"))
        var owner: Person?
        if let name = query["owner"] {
            owner = try await store.person(name)
            guard owner != nil else { return try json(JobList(jobs: [])) }
        }
        return try await turns.take(of: owner?.id ?? "") { [owner] () throws(RunnerError) in
            let stored = try await store.jobs(owner: owner, live: live, shared: shared)
            let jobs = try await directory.current(stored, live: live)
            return try await apart { try json(JobList(jobs: jobs)) }
        }
    }

    /// Does what can take long on a thread that serves nobody else: Swift's own have to serve everyone, and there are
    /// only as many as processors.
    func apart<Value: Sendable>(
        on threads: NIOThreadPool = .singleton, _ body: @escaping @Sendable () throws -> Value
    ) async throws(RunnerError) -> Value {
        do {
            return try await threads.runIfActive(body)
        } catch let error as RunnerError {
            throw error
        } catch {
            throw RunnerError(.stopping, "The service is stopping.")
        }
    }
}
