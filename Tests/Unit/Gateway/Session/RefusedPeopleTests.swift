import BuildAPI
import Policy
import Testing

@testable import Gateway

/// Who may do what, beside the table.
@Suite struct RefusedPeopleTests {
    @Test func aPrivateJobAnswersAsIfItWereAbsent() throws {
        let known = try Fixture.known(Fixture.bob)
        func sentence(_ job: Job?) -> String? {
            do throws(Refusal) {
                _ = try Fixture.authorise(Verbs.named("connect")!, of: Fixture.identifier, job, for: known)
                return nil
            } catch {
                return error.sentence
            }
        }
        let absent = sentence(nil)
        #expect(absent != nil && absent == sentence(Fixture.job(visibility: .private)))
    }

    /// Names are for reading: a namesake is someone else.
    @Test func peopleAreComparedById() throws {
        let namesake = try Fixture.known(Person(id: "3", name: "alice"))
        #expect(throws: Refusal.self) {
            try Fixture.authorise(
                Verbs.named("connect")!, of: Fixture.identifier, Fixture.job(), for: namesake)
        }
    }

    @Test func anAnswerAboutAnotherJobIsRefused() throws {
        let other = try #require(JobID("43"))
        let known = try Fixture.known(Fixture.alice)
        do throws(Refusal) {
            _ = try Fixture.authorise(Verbs.named("connect")!, of: other, Fixture.job(), for: known)
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
        do throws(Denial) {
            _ = try Principal.identify(key, fingerprint: fingerprint)
            Issue.record("it was allowed")
        } catch {
            #expect(Refusal.denied(error).status == status)
        }
    }

    @Test func anUnknownKeyLearnsItsFingerprint() {
        #expect(Refusal.denied(.unknownKey(fingerprint: "SHA256:abc")).sentence.contains("SHA256:abc"))
    }

    @Test func aHostileNameIsHarmlessInARefusal() throws {
        var job = Fixture.job()
        job.owner = .person(Person(id: "1", name: "\u{1b}]0;x\u{7}\nroot"))
        let known = try Fixture.known(Fixture.bob)
        do throws(Refusal) {
            _ = try Fixture.authorise(Verbs.named("connect")!, of: Fixture.identifier, job, for: known)
        } catch {
            #expect(error.sentence.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f })
        }
    }
}
