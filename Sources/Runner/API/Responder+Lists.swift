import BuildAPI
import Hummingbird

/// Lists of jobs. They can be long, so nobody else waits for them.
extension Responder {
    func listJobs(_ query: Query, for client: Authentication.Client) async throws(RunnerError) -> Response {
        let (live, shared) = (try query.flag("live"), try query.flag("shared"))
        var owner: Person?
        if let name = query["owner"] {
            owner = try await store.person(name)
            guard owner != nil else { return try json(JobList(jobs: [])) }
        }
        // A gateway asks for the person whose list it is; operators wait for nobody.
        let asker = client.role == .operator ? nil : owner?.id ?? client.name
        return try await lists.take(of: asker) { [owner] () throws(RunnerError) in
            let stored = try await store.jobs(owner: owner, live: live, shared: shared)
            let jobs = try await directory.current(stored, live: live)
            return try await apart { try json(JobList(jobs: jobs)) }
        }
    }
}
