import Foundation
import Policy
import TestSupport
import Testing

@testable import BuildAPI
@testable import Gateway

/// docs/authorisation.md is what the policy decides: every verb, everybody, every visibility.
@Suite struct AuthorisationTableTests {
    /// What a cell says.
    enum Verdict: Equatable {
        case yes
        case afterTheTerms
        case refused(ExitStatus)

        init?(_ cell: String) {
            switch cell {
            case "yes": self = .yes
            case "yes, after the terms": self = .afterTheTerms
            case "77": self = .refused(.notPermitted)
            case "66": self = .refused(.noSuchJob)
            default: return nil
            }
        }
    }

    private static func tables() throws -> (jobs: [String: [Verdict]], personal: [String]) {
        var jobs: [String: [Verdict]] = [:]
        var personal: [String] = []
        for line in try Project.text(of: "docs/authorisation.md").split(separator: "\n")
        where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let verb = cells[0].trimmingCharacters(in: ["`"])
            if cells.count == 8 {
                jobs[verb] = try cells.dropFirst().map { try #require(Verdict($0), "\(verb): \($0)") }
            } else {
                personal.append(verb)
            }
        }
        return (jobs, personal)
    }

    @Test func everyVerbHasItsRow() throws {
        let (jobs, personal) = try Self.tables()
        #expect(Set(jobs.keys) == Set(Verbs.all.filter { $0.action != nil }.map(\.manual.name)))
        #expect(Set(personal) == Set(Verbs.all.filter(\.isPersonal).map(\.manual.name)))
    }

    @Test(arguments: Verbs.all.filter { $0.action != nil }, [nil, "1"] as [String?])
    func theTableHolds(verb: Verb, unacceptedTerms: String?) throws {
        let row = try #require(try Self.tables().jobs[verb.manual.name])
        for (column, standing) in Standing.allCases.enumerated() {
            for visibility in Job.Visibility.allCases {
                let others = [Job.Visibility.public: 0, .unlisted: 1, .private: 2]
                let verdict = row[standing == .stranger ? column + others[visibility]! : column]
                let person = standing == .owner ? Fixture.alice : Fixture.bob
                var job = Fixture.job(
                    visibility: visibility, shares: standing == .shared ? [Fixture.bob] : [])
                if standing == .member { job.owner = .group(Fixture.team) }
                let known = try Fixture.known(
                    person, administrator: standing == .administrator,
                    groups: standing == .member ? [Fixture.team] : [], unacceptedTerms: unacceptedTerms)
                let place: Comment = "\(verb.manual.name), \(standing.rawValue), \(visibility.rawValue)"
                do throws(Refusal) {
                    let permit = try Fixture.authorise(verb, of: Fixture.identifier, job, for: known)
                    #expect(verdict == .yes || (verdict == .afterTheTerms && unacceptedTerms == nil), place)
                    #expect(
                        permit.job == job && permit.person == person && permit.standing == standing, place)
                } catch {
                    if case .denied(.termsNotAccepted, _, _) = error {
                        #expect(verdict == .afterTheTerms && unacceptedTerms != nil, place)
                        #expect(error.status == .notPermitted, place)
                    } else {
                        #expect(verdict == .refused(error.status), place)
                    }
                }
            }
        }
    }
}
