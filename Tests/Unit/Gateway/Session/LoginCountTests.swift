import BuildAPI
import Policy
import Testing

@testable import Gateway
@testable import ServiceClient

/// What counts as the gateway's or the service's fault, and that each login counts once.
@Suite struct LoginCountTests {
    private final class Results {
        var all: [LoginResult] = []
    }

    private func results(_ events: [Refusal?]) -> [LoginResult] {
        let results = Results()
        let login = LoginCount { results.all.append($0) }
        for event in events {
            if let event { login.refused(event) } else { login.letIn() }
        }
        return results.all
    }

    private static let rule = Refusal.denied(.unknownKey(fingerprint: "SHA256:x"))
    private static let fault = Refusal.service(Fixture.serviceError(.unreachable))

    @Test func aLoginCountsOnce() {
        #expect(results([]).isEmpty)
        #expect(results([nil]) == [.letIn])
        #expect(results([Self.rule, Self.rule, nil]) == [.refused])
        #expect(results([Self.fault, nil, Self.fault]) == [.failed])
        #expect(results([nil, Self.rule]) == [.letIn])
        #expect(results([nil, nil, Self.fault, Self.fault]) == [.letIn, .failedOutside])
        #expect(results([nil, Self.rule, Self.fault]) == [.letIn, .failedOutside])
    }

    @Test func whatAnAdministratorIsToldToMendIsAFault() {
        for refusal in Refusal.examples where refusal.message.status == .misconfigured {
            #expect(refusal.isFault, "\(refusal.name)")
        }
    }

    @Test func aFaultBeforeABuilderIsAnotherThanOneInside() {
        let results = Results()
        let login = LoginCount { results.all.append($0) }
        login.letIn()
        login.entered()
        login.entered()
        login.refused(Self.fault)
        #expect(results.all == [.letIn, .entered, .failedInside])
    }

    /// Strangers must not be able to raise an alarm.
    @Test func aKeyThatNobodyCanTellIsNoFault() {
        let problem = Problem(type: Problem.peopleUnknownType, title: "Service Unavailable", status: 503)
        let silent = Refusal.notIdentified(ServiceError(.unavailable, problem: problem, detail: "in a test"))
        #expect(results([silent, silent]) == [.unidentified])
        #expect(results([nil, silent]) == [.letIn, .failedOutside])
    }

    /// A service that refuses without being asked for anything that it could refuse is at fault, too.
    @Test(arguments: ServiceError.Code.all) func aServiceThatDoesNotAnswerIsAtFault(_ code: ServiceError.Code)
    {
        let error = Fixture.serviceError(code)
        #expect(Refusal.service(error).isFault == (code != .suspended), "\(code)")
        let rules: [ServiceError.Code] = [
            .builderGone, .noSuchJob, .termsChanged, .notPermitted, .notReady, .suspended,
        ]
        let refused = Refusal.notClaimed(error, Fixture.identifier, verb: "connect")
        #expect(refused.isFault == !rules.contains(code), "\(code)")
    }

    @Test func whatFollowsFromARuleOrFromThePersonIsNone() {
        let job = Fixture.job()
        let quota = ServiceError(
            .tooMany(.init(what: "sessions", limit: 10)), problem: nil, detail: "in a test")
        let refusals: [Refusal] = [
            Self.rule, .denied(.othersJob(job)), .noLiveJob, .noBuilder(job),
            .jobEnded(Fixture.job(builder: nil)),
            .tooManyCommands(64, of: Fixture.alice), .builderTimeout(job), .manifestTooLarge, .service(quota),
            .notTheForcedCommand, .idle(.seconds(1)), .sessionEnded(Fixture.serviceError(.sessionEnded)),
        ]
        for refusal in refusals { #expect(!refusal.isFault, "\(refusal.name)") }
    }
}
