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
        let requester = try await requester(query)
        guard role == .operator || requester.principal != nil else {
            throw RunnerError(
                .forbidden, "This \(authentication.subject) must say for whom it asks: person is missing.")
        }
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
            try requester.require(.share, on: try await directory.job(id))
            let party = try await party(named: name, isShared: isSet)
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

    /// - Parameters:
    ///   - name: a person's, or a group's after an `@`.
    ///   - isShared: whether a job will be shared with them. A group that has no members any more can only lose that.
    private func party(named name: String, isShared: Bool) async throws(RunnerError) -> Party {
        if name.hasPrefix("@") {
            let group = Group(written: name)
            let isKnown = isShared ? try await store.hasGroup(group) : true
            guard isKnown else {
                throw RunnerError(
                    .unprocessable(line: nil, key: "name"), "Nobody is known to be in the group \(name).")
            }
            return .group(group)
        }
        guard let account = try await people.account(name), account.name == name else {
            throw RunnerError(.unprocessable(line: nil, key: "name"), "There is no person with this name.")
        }
        return .person(account.person)
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
