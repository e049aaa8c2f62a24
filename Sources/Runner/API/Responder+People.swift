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
        case .suspension(let name):
            try await store.setSuspended(name, isSet)
            if let person = try await store.person(name) { await directory.personChanged(person) }
            logger.info("\(name) is \(isSet ? "suspended" : "no longer suspended"), by \(client.name)")
        case .administration(let name):
            try await store.setAdministrator(name, isSet)
            if let person = try await store.person(name) { await directory.personChanged(person) }
            logger.info(
                "\(name) is \(isSet ? "an administrator" : "no longer an administrator"), by \(client.name)")
        case .membership(let name, let group):
            try await store.setMember(name, of: Group(name: group), isSet)
            if let person = try await store.person(name) { await directory.personChanged(person) }
            logger.info("\(name) is \(isSet ? "in" : "no longer in") the group \(group), by \(client.name)")
        default:
            return try await list("people", try query.page(by: Int64.self)) {
                last, most throws(RunnerError) in
                try await store.people(after: last, most: most)
            }
        }
        return Response(status: .noContent)
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
        logger.info("\(account.name) has accepted the terms of use, version \(version)")
        return Response(status: .noContent)
    }
}
