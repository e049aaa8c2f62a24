import BuildService
import Requests
import Testing

@testable import Gateway

/// Who may do what.
@Suite struct AuthorisationTests {
    struct Row: CustomTestStringConvertible {
        var verb: JobVerb
        var person: Person
        var visibility: Job.Visibility
        var isShared = false
        /// Nil: allowed.
        var refusal: ExitStatus?

        var testDescription: String {
            "\(verb.rawValue) by \(person.name), \(visibility.rawValue)\(isShared ? ", shared" : "")"
        }
    }

    static let rows: [Row] =
        Job.Visibility.allCases.flatMap { visibility in
            JobVerb.allCases.flatMap { verb in
                [
                    Row(verb: verb, person: Fixture.alice, visibility: visibility),
                    Row(verb: verb, person: Fixture.bob, visibility: visibility, isShared: true),
                ]
            }
        } + [
            Row(verb: .connect, person: Fixture.bob, visibility: .public, refusal: .notPermitted),
            Row(verb: .connect, person: Fixture.bob, visibility: .unlisted, refusal: .notPermitted),
            Row(verb: .connect, person: Fixture.bob, visibility: .private, refusal: .noSuchJob),
            Row(verb: .tail, person: Fixture.bob, visibility: .public),
            Row(verb: .tail, person: Fixture.bob, visibility: .unlisted, refusal: .notPermitted),
            Row(verb: .tail, person: Fixture.bob, visibility: .private, refusal: .noSuchJob),
        ]

    @Test func everyVerbAndVisibilityHasItsRows() {
        for verb in JobVerb.allCases {
            for visibility in Job.Visibility.allCases {
                let found = Self.rows.filter { $0.verb == verb && $0.visibility == visibility }
                #expect(found.count == 3, "\(verb) \(visibility)")
            }
        }
    }

    @Test(arguments: rows) func theTableHolds(row: Row) throws {
        let job = Fixture.job(visibility: row.visibility, shares: row.isShared ? [Fixture.bob] : [])
        let known = try Fixture.known(row.person)
        do throws(Refusal) {
            let permit = try authorise(row.verb, of: Fixture.identifier, job, for: known)
            #expect(row.refusal == nil && permit.job == job && permit.person == row.person)
        } catch {
            #expect(error.status == row.refusal, "\(error)")
        }
    }

    @Test func aPrivateJobAnswersAsIfItWereAbsent() throws {
        let known = try Fixture.known(Fixture.bob)
        func sentence(_ job: Job?) -> String? {
            do throws(Refusal) {
                _ = try authorise(.connect, of: Fixture.identifier, job, for: known)
                return nil
            } catch {
                return error.sentence
            }
        }
        let absent = sentence(nil)
        #expect(absent != nil && absent == sentence(Fixture.job(visibility: .private)))
    }

    /// Names are for reading: a namesake is somebody else.
    @Test func peopleAreComparedById() throws {
        let namesake = try Fixture.known(Person(id: "3", name: "alice"))
        #expect(throws: Refusal.self) {
            try authorise(.connect, of: Fixture.identifier, Fixture.job(), for: namesake)
        }
    }

    @Test func anAnswerAboutAnotherJobIsRefused() throws {
        let other = try #require(JobID("43"))
        let known = try Fixture.known(Fixture.alice)
        do throws(Refusal) {
            _ = try authorise(.connect, of: other, Fixture.job(), for: known)
            Issue.record("it was allowed")
        } catch {
            #expect(error.status == .misconfigured)
        }
    }

    @Test(
        arguments: [
            (nil, "SHA256:abc", ExitStatus.notPermitted),
            (Fixture.key(of: Fixture.alice, suspended: true), "SHA256:abc", .notPermitted),
            (Fixture.key(of: Fixture.alice), "SHA256:other", .misconfigured),
        ] as [(Key?, String, ExitStatus)])
    func whoIsNotKnownGetsNowhere(key: Key?, fingerprint: String, status: ExitStatus) {
        do throws(Refusal) {
            _ = try identify(key, fingerprint: fingerprint)
            Issue.record("it was allowed")
        } catch {
            #expect(error.status == status)
        }
    }

    @Test func anUnknownKeyLearnsItsFingerprint() {
        do throws(Refusal) {
            _ = try identify(nil, fingerprint: "SHA256:abc")
        } catch {
            #expect(error.sentence.contains("SHA256:abc"))
        }
    }

    @Test func aHostileNameIsHarmlessInARefusal() throws {
        var job = Fixture.job()
        job.owner.name = "\u{1b}]0;x\u{7}\nroot"
        let known = try Fixture.known(Fixture.bob)
        do throws(Refusal) {
            _ = try authorise(.connect, of: Fixture.identifier, job, for: known)
        } catch {
            #expect(error.sentence.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f })
        }
    }
}
