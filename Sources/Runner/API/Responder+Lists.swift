import BuildAPI
import Hummingbird
import Logging

/// Lists. They can be long, so they have pages, and nobody else waits for them.
extension Responder {
    func listJobs(_ query: Query, for client: Authentication.Client) async throws(RunnerError) -> Response {
        var filter = JobFilter(isLive: try query.flag("live"), includesShared: try query.flag("shared"))
        let wanted = try query.page(by: JobID.self)
        let requester = try await requester(query)
        if let name = query["name"] { return try await answerName(name, for: requester, client.role) }
        if let name = query["owner"] {
            if name.hasPrefix("@") {
                filter.owner = .group(Group(written: name))
            } else {
                guard let account = try await store.account(name) else {
                    return try json(JobList(jobs: []))
                }
                (filter.owner, filter.groups) = (.person(account.person), account.groups ?? [])
            }
        }
        // A gateway asks for the person whose list it is; operators wait for nobody.
        let asker = client.role == .operator ? nil : filter.owner?.id ?? client.name
        return try await lists.take(of: asker) { [filter] () throws(RunnerError) in
            try await list("jobs", wanted) { last, most throws(RunnerError) in
                let stored = try await store.jobs(filter, after: last, most: most)
                let jobs = try await directory.current(stored.elements.map(\.value), live: filter.isLive)
                return stored.replacing(jobs.map { ($0.id, $0) })
            }
        }
    }

    /// Answers with one page of a list.
    ///
    /// - Parameter read: the elements after that one, not many more than are wanted.
    func list<Value: Encodable & Sendable, Position: CustomStringConvertible & Sendable>(
        _ name: String, _ wanted: WantedPage<Position>,
        _ read: (_ last: Position?, _ most: Int?) async throws(RunnerError) -> Batch<Value, Position>
    ) async throws(RunnerError) -> Response {
        var page = ListPage(name, most: wanted.limit)
        var last = wanted.after
        var next: String?
        repeat {
            let batch = try await read(last, page.wanted)
            let (filled, isWhole) = try await apart { [page] in
                var page = page
                for element in batch.elements {
                    guard try page.append(element.value, at: "\(element.position)") else {
                        return (page, false)
                    }
                }
                return (page, true)
            }
            page = filled
            last = batch.rest
            if !isWhole || last != nil && page.wanted == 0 { next = page.last }
        } while last != nil && next == nil
        for position in page.oversized {
            logger.error("\(position) is missing in a list of \(name): it has more than 1 MB")
        }
        return json(page.body(next: next))
    }
}
