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
        #expect(results([nil, nil, Self.fault, Self.fault]) == [.letIn, .failedLater])
        #expect(results([nil, Self.rule, Self.fault]) == [.letIn, .failedLater])
    }

    @Test func whatAnAdministratorIsToldToMendIsAFault() {
        for refusal in Refusal.examples where refusal.message.status == .misconfigured {
            #expect(refusal.isFault, "\(refusal.name)")
        }
    }

    @Test(arguments: ServiceError.Code.all) func aServiceThatCannotAnswerIsAtFault(_ code: ServiceError.Code)
    {
        let isFault =
            switch code {
            case .unreachable, .hungUp, .insecure, .untrusted, .brokenOff, .redirected, .timedOut,
                .malformedAnswer, .tooOld, .gatewayFault, .notAuthenticated, .tooMany(nil), .unavailable:
                true
            default: false
            }
        let error = Fixture.serviceError(code)
        if Refusal.service(error).message.status != .misconfigured {
            #expect(Refusal.service(error).isFault == isFault, "\(code)")
        }
        #expect(!isFault || Refusal.notClaimed(error, Fixture.identifier, verb: "connect").isFault, "\(code)")
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
