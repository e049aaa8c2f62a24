import BuildAPI
import FoundationEssentials
import HTTPTypes
import Hummingbird
import KeyForms
import Logging

/// Keys: an operator sees everyone's, a gateway one person's at a time.
extension Responder {
    func answerKeys(
        _ resource: Resource, _ request: Request, _ query: Query, _ client: Authentication.Client
    ) async throws(RunnerError) -> Response {
        let role = client.role
        let now = directory.timekeeper.now()
        // A client that knows nothing of pending keys would take them for others.
        let limits = query["limits"]?.split(separator: ",").map { Key.Limit(rawValue: String($0)) } ?? []
        let knowsPending = limits.contains(.confirm)
        let showsPending = knowsPending && people.permitsLocalKeys
        switch resource {
        case .keyConfirmation(let fingerprint): return try await confirmKey(fingerprint, request, at: now)
        case .key(let fingerprint) where request.method == .get:
            var key = await directory.attachKey(fingerprint)
            if key == nil { key = try await people.key(fingerprint) }
            if key == nil, showsPending { key = try await store.pendingKey(fingerprint, at: now) }
            guard let key, Set(key.limits ?? []).isSubset(of: limits) else {
                throw RunnerError(.notFound, "There is no such key.")
            }
            return try json(key)
        case .key(let fingerprint):
            let owner = try owner(query, role)
            let key = try await store.key(fingerprint)
            // Whose key it is, if it is someone else's, is nobody's business.
            if let person = key?.owner, owner == nil || owner == person.id || owner == person.name {
                try await people.requireLocalKey(fingerprint)
            }
            try await store.removeKey(fingerprint, owner: owner)
            if let key {
                await directory.personChanged(key.owner)
                recordRemoval(of: key, by: client)
            }
            return Response(status: .noContent)
        case _ where request.method == .post:
            return try await addKey(request, query, client, canBePending: knowsPending, at: now)
        default:
            return try await listKeys(
                query, role, pendingAt: showsPending ? now : nil, limits: Set(limits))
        }
    }

    private func recordRemoval(of key: Key, by client: Authentication.Client) {
        let audit = directory.context.audit
        let sentence = "the key \(key.fingerprint) of \(key.owner.name) is removed"
        if client.role == .operator {
            audit.administration("\(sentence), by \(client.name)", about: key.owner)
        } else {
            audit.change(sentence, by: key.owner)
        }
    }

    private func listKeys(
        _ query: Query, _ role: Role, pendingAt now: Date?, limits: Set<Key.Limit>
    ) async throws(RunnerError) -> Response {
        let wanted = try query.page(by: KeyPosition.self)
        var person: Person?
        if let owner = try owner(query, role) {
            person = try await store.person(owner)
            guard person != nil else { return try json(KeyList()) }
        }
        return try await list("keys", wanted) { [person] last, most throws(RunnerError) in
            try await store.keys(owner: person, pendingAt: now, limits: limits, after: last, most: most)
        }
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

    private func addKey(
        _ request: Request, _ query: Query, _ client: Authentication.Client, canBePending: Bool, at now: Date
    ) async throws(RunnerError) -> Response {
        try people.requireLocalKeys()
        let wanted = try await decode(NewKey.self, request)
        let submitted: SubmittedKeys.Key
        do throws(KeyFormError) {
            submitted = try SubmittedKeys.one(in: wanted.key.utf8)
        } catch {
            throw RunnerError(.unprocessable(line: nil, key: "key"), error.description)
        }
        let (key, comment) = (submitted.key, submitted.comment)
        let limit = try AttachLimit(wanted, at: now)
        // Operators vouch for whose key it is.
        guard client.role != .operator else {
            let added = try await store.addKey(
                key, comment: comment, owner: wanted.owner, limit: limit, at: now)
            directory.context.audit.administration(
                "\(added.owner.name) gets the key \(added.fingerprint), by \(client.name)",
                about: added.owner)
            return try json(added, .created)
        }
        guard limit?.pairs != true else {
            throw RunnerError(
                .unprocessable(line: nil, key: "limits"),
                "Only an operator can add a key that is limited to pairing, because everybody is to have it.")
        }
        // An operator creates people; a gateway knows them by their id.
        guard let account = try await store.account(wanted.owner), account.id == wanted.owner else {
            throw RunnerError(.unprocessable(line: nil, key: "owner"), "There is no person with this id.")
        }
        try refuseSuspended(account)
        try await store.checkKey(query["key"], isOf: account.person)
        guard canBePending, limit == nil || query["limits"]?.contains(Key.Limit.attach.rawValue) == true
        else {
            throw RunnerError(
                .forbidden,
                "This gateway is too old to add keys: it cannot tell people how to confirm that they have them."
            )
        }
        let added = try await store.addPendingKey(
            key, comment: comment, of: account.person, with: query["key"], limit: limit, at: now)
        directory.context.audit.change(
            "\(account.name) adds the key \(added.fingerprint), which is pending", by: account.person)
        return try json(added, .created)
    }

    private func confirmKey(
        _ fingerprint: String, _ request: Request, at now: Date
    ) async throws(RunnerError) -> Response {
        try people.requireLocalKeys()
        let confirmation = try await decode(KeyConfirmation.self, request)
        do throws(RunnerError) {
            let key = try await store.confirmKey(fingerprint, word: confirmation.word, at: now)
            directory.context.audit.change(
                "the key \(fingerprint) is confirmed, and is \(key.owner.name)'s", by: key.owner)
            return try json(key)
        } catch {
            if error.code == .forbidden { logger.notice("a wrong word for the key \(fingerprint)") }
            throw error
        }
    }
}
