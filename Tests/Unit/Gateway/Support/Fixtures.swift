import FoundationEssentials
import Policy

@testable import BuildAPI
@testable import Gateway
@testable import ServiceClient

/// Not that of Testing.
typealias ExitStatus = Gateway.ExitStatus

/// People, keys and jobs as the build service tells of them.
enum Fixture {
    static let alice = Person(id: "1", name: "alice")
    static let bob = Person(id: "2", name: "bob")
    static let team = Group(name: "team")
    static let fingerprint = "SHA256:abc"
    static let identifier = JobID("42")!

    static func key(
        of person: Person, suspended: Bool = false, administrator: Bool = false, groups: [Group] = [],
        unacceptedTerms: String? = nil
    ) -> Key {
        Key(
            fingerprint: fingerprint, type: "ssh-ed25519", key: "AAAA", comment: "", owner: person,
            suspended: suspended, administrator: administrator, groups: groups,
            unacceptedTerms: unacceptedTerms)
    }

    static func known(
        _ person: Person, administrator: Bool = false, groups: [Group] = [],
        unacceptedTerms: String? = nil
    ) throws -> Principal {
        let key = key(
            of: person, administrator: administrator, groups: groups, unacceptedTerms: unacceptedTerms)
        return try Principal.identify(key, fingerprint: fingerprint)
    }

    /// What the gateway decides about a verb, and says.
    static func authorise(
        _ verb: Verb, of identifier: JobID, _ job: Job?, for principal: Principal
    ) throws(Refusal) -> Permit {
        guard let action = verb.action else { fatalError("\(verb.manual.name) is about no job") }
        do throws(Denial) {
            return try Permit.decide(action, on: identifier, job, for: principal)
        } catch {
            throw .denied(error, to: principal)
        }
    }

    static func builder(_ state: Job.Builder.State, hostKey: String = "ssh-ed25519 AAAA") -> Job.Builder {
        Job.Builder(
            state: state, endpoint: .address("127.0.0.1", port: 2222), user: "build", hostKeys: [hostKey])
    }

    static func job(
        _ status: Job.Status = .failed, builder state: Job.Builder.State? = .kept,
        visibility: Job.Visibility = .unlisted, shares: [Person] = []
    ) -> Job {
        Job(
            id: identifier, owner: .person(alice), status: status, visibility: visibility,
            created: Date(timeIntervalSince1970: 0), shares: shares.map { .person($0) },
            builder: state.map { builder($0) })
    }

    static func claim(of builder: Job.Builder) -> Claim {
        Claim(id: "42-x", job: identifier, kind: .shell, builder: builder, deadline: nil, lease: 60)
    }

    /// A manifest with two faults.
    static var manifestError: ServiceError {
        let faults = [
            Problem.Fault(line: 2, key: "sources", detail: "line 2, sources: not read."),
            Problem.Fault(line: 4, key: "arch", detail: "line 4, arch: \u{1b}[2J."),
        ]
        return ServiceError(
            .badInput,
            problem: Problem(title: "", status: 422, detail: "line 2, sources: not read. …", faults: faults),
            detail: "in a test")
    }

    static func serviceError(_ code: ServiceError.Code) -> ServiceError {
        ServiceError(code, detail: "in a test")
    }
}

extension Refusal {
    var status: ExitStatus { message.status }
    /// All that the person reads.
    var sentence: String { message.text }
    var cause: String { message.cause }
}
