import BuildAPI
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging

/// People, and the terms of use that they accept.
extension Responder {
    /// - Parameter client: for the records.
    func answerPeople(
        _ resource: Resource, _ request: Request, _ query: Query, by client: Authentication.Client
    ) async throws(RunnerError) -> Response {
        let isSet = request.method == .put
        switch resource {
        case .person(let name): try await remove(name, forgetting: try query.flag("forget"), by: client)
        case .suspension(let name):
            try await store.setSuspended(name, isSet)
            try await changed(name, isSet, "suspended", by: client) { $0.suspended }
        case .administration(let name):
            try await store.setAdministrator(name, isSet)
            try await changed(name, isSet, "an administrator", by: client) { $0.administrator }
        case .robot(let name):
            try await store.setRobot(name, isSet)
            try await changed(name, isSet, "a robot", by: client) { $0.robot == true }
        case .membership(let name, let word):
            let group = Group(name: word)
            try await store.setMember(name, of: group, isSet)
            try await changed(name, isSet, "in the group \(group.id)", by: client) {
                Party.group(group).isOne(of: $0.groups ?? [])
            }
        default:
            return try await list("people", try query.page(by: Int64.self)) {
                last, most throws(RunnerError) in
                try await store.people(after: last, most: most)
            }
        }
        return Response(status: .noContent)
    }

    /// Tells those who watch for a person, and the log, what an operator has changed about them. Throws if the source of
    /// people says that it stays.
    ///
    /// - Parameter isSo: whether it is so now.
    private func changed(
        _ name: String, _ isSet: Bool, _ what: String, by client: Authentication.Client,
        _ isSo: (Account) -> Bool
    ) async throws(RunnerError) {
        guard let account = try await store.account(name) else { return }
        await directory.personChanged(account.person)
        guard isSet || !isSo(account) else {
            directory.context.audit.administration(
                "\(name) is still \(what), because the source of people says so; what was said here is removed, by \(client.name)",
                about: account.person)
            throw RunnerError(
                .conflict, "\(name) is still \(what), because the source of people says so.")
        }
        directory.context.audit.administration(
            "\(name) is \(isSet ? "" : "no longer ")\(what), by \(client.name)", about: account.person)
    }

    /// Someone leaves: they lose their keys, shares and rights, and with these their sessions. Their jobs stay.
    ///
    /// - Parameter isForgotten: their id becomes their name, too.
    private func remove(
        _ name: String, forgetting isForgotten: Bool, by client: Authentication.Client
    ) async throws(RunnerError) {
        guard let account = try await store.account(name), account.name == name else {
            throw RunnerError(.notFound, "There is no person with this name.")
        }
        let person = account.person
        if isForgotten { try await directory.requireNothingLive(of: person) }
        try await directory.endShares(with: person)
        let isSourced = try await store.removeRights(of: person)
        await directory.personChanged(person)
        let audit = directory.context.audit
        audit.administration("\(name) is removed, by \(client.name)", about: person)
        guard !isSourced else {
            throw RunnerError(
                .conflict,
                "What was given to \(name) here is removed, but the source of people still says who they are. Remove them there, too."
            )
        }
        guard isForgotten else { return }
        try await store.forgetName(of: person, at: directory.timekeeper.now())
        await directory.forgetName(of: person)
        audit.administration(
            "the person with the id \(person.id) is forgotten, by \(client.name)",
            about: Person(id: person.id, name: person.id))
    }

    func answerTerms(_ resource: Resource, _ request: Request) async throws(RunnerError) -> Response {
        guard let terms else { throw RunnerError(.notFound, "This service has no terms of use.") }
        guard case .acceptance(let version, let id) = resource else { return try json(terms) }
        guard let account = try await store.account(id), account.id == id else {
            throw RunnerError(.notFound, "There is no person with this id.")
        }
        try refuseSuspended(account)
        guard version == terms.version else {
            throw RunnerError(.conflict, "The terms of use have changed. Read them again.")
        }
        try await store.accept(version, by: account.person, at: directory.timekeeper.now())
        directory.context.audit.change(
            "\(account.name) has accepted the terms of use, version \(version)", by: account.person,
            terms: version)
        return Response(status: .noContent)
    }
}
