import BuildAPI
import HTTPTypes
import Hummingbird
import KeyForms

/// Keys: an operator sees everyone's, a gateway one person's at a time.
extension Responder {
    func answerKeys(
        _ resource: Resource, _ request: Request, _ query: Query, _ role: Role
    ) async throws(RunnerError) -> Response {
        guard case .key(let fingerprint) = resource else {
            if request.method == .post { return try await addKey(request, role) }
            let owner = try owner(query, role)
            return try json(KeyList(keys: store.keys(owner: owner)))
        }
        guard request.method == .get else {
            try store.removeKey(fingerprint, owner: try owner(query, role))
            return Response(status: .noContent)
        }
        guard let key = try store.key(fingerprint) else {
            throw RunnerError(.notFound, "There is no such key.")
        }
        return try json(key)
    }

    /// Whose keys are wanted; nil: everyone's, which only an operator can ask for.
    private func owner(_ query: Query, _ role: Role) throws(RunnerError) -> String? {
        let owner = query["owner"]
        if owner == nil, role != .operator {
            throw RunnerError(
                .forbidden, "This \(authentication.subject) can ask for one person's keys only: give owner.")
        }
        return owner
    }

    private func addKey(_ request: Request, _ role: Role) async throws(RunnerError) -> Response {
        let wanted = try await decode(NewKey.self, request)
        let submitted: SubmittedKeys.Key
        do throws(KeyFormError) {
            submitted = try SubmittedKeys.one(in: wanted.key.utf8)
        } catch {
            throw RunnerError(.unprocessable(line: nil, key: "key"), error.description)
        }
        let (key, comment) = (submitted.key, submitted.comment)
        guard role != .operator else {
            return try json(store.addKey(key, comment: comment, owner: wanted.owner), .created)
        }
        // An operator creates people; a gateway knows them by their id.
        guard let account = try store.account(wanted.owner), account.id == wanted.owner else {
            throw RunnerError(.unprocessable(line: nil, key: "owner"), "There is no person with this id.")
        }
        try Self.refuseSuspended(account)
        return try json(store.addKey(key, comment: comment, of: account.person), .created)
    }
}
