import AuthorizedKeys
import BuildAPI
import HTTPTypes
import Hummingbird

/// Keys: the operator's view of everybody's, and a gateway's of one person's at a time.
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

    /// Whose keys are meant; nil: everybody's, which is the operator's to ask.
    private func owner(_ query: Query, _ role: Role) throws(RunnerError) -> String? {
        let owner = query["owner"]
        if owner == nil, role != .operator {
            throw RunnerError(
                .forbidden, "This \(authentication.subject) may ask for one person's keys only, by owner.")
        }
        return owner
    }

    private func addKey(_ request: Request, _ role: Role) async throws(RunnerError) -> Response {
        let wanted = try await decode(NewKey.self, request)
        // Before anything else looks at it, or repeats it.
        guard !wanted.key.contains("PRIVATE KEY") else {
            throw RunnerError(
                .unprocessable(line: nil, key: "key"),
                "This is a private key; it belongs to nobody but its owner.")
        }
        let key: PublicKey
        let comment: String
        do throws(KeyError) {
            (key, comment) = try PublicKey.parse(line: wanted.key)
        } catch {
            throw RunnerError(
                .unprocessable(line: nil, key: "key"),
                "Expected one line as in a .pub file: a type, base64, a comment.",
                detail: "\(error)")
        }
        guard role != .operator else {
            return try json(store.addKey(key, comment: comment, owner: wanted.owner), .created)
        }
        // People are brought in by an operator; a gateway knows them by their id.
        guard let account = try store.account(wanted.owner), account.id == wanted.owner else {
            throw RunnerError(.unprocessable(line: nil, key: "owner"), "Nobody of this id is known here.")
        }
        try Self.refuseSuspended(account)
        return try json(store.addKey(key, comment: comment, of: account.person), .created)
    }
}
