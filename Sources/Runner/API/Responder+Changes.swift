import BuildAPI
import HTTPTypes
import Hummingbird
import Policy

/// Requests by people to change a job.
extension Responder {
    /// - Returns: the job after the change.
    func change(
        _ resource: Resource, _ request: Request, _ query: Query, _ role: Role
    ) async throws(RunnerError) -> Job {
        let requester = try await namedRequester(query, role)
        let isSet = request.method == .put
        switch resource {
        case .deadline(let id):
            let deadline = try await decode(NewDeadline.self, request)
            return try await directory.with(id) { job throws(RunnerError) in
                try await job.moveDeadline(to: deadline, by: requester)
            }
        case .hold(let id):
            return try await directory.with(id) { job throws(RunnerError) in
                try await job.hold(isSet, by: requester)
            }
        case .share(let id, let name):
            // Before the answer says anything about another person.
            let shown = try await directory.job(id)
            try requester.require(.share, on: shown)
            let party = try await isSet ? newGuest(named: name, of: shown) : guest(named: name, of: shown)
            return try await directory.with(id) { job throws(RunnerError) in
                try await job.share(with: party, isSet, by: requester)
            }
        case .builder(let id):
            return try await directory.with(id) { job throws(RunnerError) in
                try await job.releaseBuilder(by: requester)
            }
        case .cancellation(let id):
            return try await directory.with(id) { job throws(RunnerError) in
                try await job.cancel(by: requester)
            }
        default: throw RunnerError(.notFound, "There is no such resource.")
        }
    }

    /// - Parameter name: a person's, or a group's after an `@`.
    private func newGuest(named name: String, of job: Job) async throws(RunnerError) -> Party {
        if name.hasPrefix("@") {
            let group = Group(written: name)
            guard try await store.hasGroup(group) else { throw Self.noGroup(name) }
            return .group(group)
        }
        guard let account = try await people.account(name), account.name == name else {
            throw Self.noPerson
        }
        // Otherwise they would keep what they lose with the group.
        guard !job.owner.isOne(of: account.groups ?? []) else {
            throw RunnerError(.conflict, "\(name) is in \(job.owner.name), whose job \(job.id) is.")
        }
        return .person(account.person)
    }

    /// One of those with whom the job is shared. They may have lost their name since, or a group its members.
    private func guest(named name: String, of job: Job) async throws(RunnerError) -> Party {
        if let party = job.shares.first(where: { $0.name == name }) { return party }
        if name.hasPrefix("@") {
            guard try await store.hasGroup(Group(written: name)) else { throw Self.noGroup(name) }
            return .group(Group(written: name))
        }
        guard let account = try await store.account(name), account.name == name else { throw Self.noPerson }
        return .person(account.person)
    }

    private static func noGroup(_ name: String) -> RunnerError {
        RunnerError(.unprocessable(line: nil, key: "name"), "Nobody is known to be in the group \(name).")
    }

    private static var noPerson: RunnerError {
        RunnerError(.unprocessable(line: nil, key: "name"), "There is no person with this name.")
    }

    /// The person for whom the client asks, whom only operators need not name.
    func namedRequester(_ query: Query, _ role: Role) async throws(RunnerError) -> Requester {
        let requester = try await requester(query)
        guard role == .operator || requester.principal != nil else {
            throw RunnerError(
                .forbidden, "This \(authentication.subject) must say for whom it asks: person is missing.")
        }
        return requester
    }

    /// The person for whom the client asks. A client that names a person asks for that person only.
    func requester(_ query: Query) async throws(RunnerError) -> Requester {
        guard let id = query["person"] else { return Requester() }
        guard let account = try await store.account(id), Person.isSame(account.id, id) else {
            throw RunnerError(.unprocessable(line: nil, key: "person"), "There is no person with this id.")
        }
        return Requester(
            principal: try deciding { () throws(Denial) in try Principal.identify(account) })
    }
}
