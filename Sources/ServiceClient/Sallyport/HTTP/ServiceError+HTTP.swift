import BuildAPI
import FoundationEssentials

/// The subject of a request, which decides what an answer's HTTP status means.
package enum Subject: Sendable {
    case key, job, log
    /// The changes of a job that exists, as far as the gateway knows.
    case events
    /// A new claim.
    case claim
    /// A claim that is live, as far as the gateway knows.
    case standingClaim
    /// Such a claim, to be released.
    case endOfClaim
    /// A person's key, to be removed or confirmed.
    case keyOfPerson
    case person
    /// The acceptance of terms of use.
    case acceptance
    /// A request that services can leave out.
    case optional
    /// None of these.
    case other
}

/// Translates HTTP statuses into errors. No other code deals with HTTP statuses.
extension ServiceError {
    /// The error for an answer outside 2xx.
    package init(_ response: HTTPResponse, about subject: Subject) {
        let problem =
            response.mediaType == MediaType.problem
            ? try? JSON.decode(Problem.self, from: Data(response.body)) : nil
        self.init(
            Self.code(response.status, problem, about: subject), problem: problem,
            retryAfter: response.retryAfter,
            detail: "HTTP \(response.status): \(problem?.detail ?? problem?.title ?? "no problem details")")
    }

    private static func code(_ status: Int, _ problem: Problem?, about subject: Subject) -> Code {
        switch status {
        case 300..<400: .redirected
        case 400, 413, 422: .badInput
        case 401: .notAuthenticated
        case 403:
            switch problem?.type {
            case Problem.termsType: .termsChanged
            case Problem.suspendedType: .suspended
            default: .notPermitted
            }
        case 404: absence(of: subject)
        // It takes manifests, and no sources.
        case 415 where subject.isOptional: .notOffered
        case 405 where subject.isOptional, 501 where subject.isOptional: .notOffered
        case 409: conflict(about: subject)
        case 410 where problem?.type == Problem.endedSessionType: .sessionEnded
        case 410 where subject == .standingClaim || subject == .endOfClaim: .claimEnded
        case 410: .builderGone
        case 416 where subject == .log: .noSuchLog
        case 429: .tooMany(problem?.quota)
        case 500...: .unavailable
        default: .refused
        }
    }

    private static func absence(of subject: Subject) -> Code {
        switch subject {
        case .key, .keyOfPerson: .noSuchKey
        case .job, .claim: .noSuchJob
        case .log: .noSuchLog
        case .standingClaim, .endOfClaim: .claimEnded
        case .person: .noSuchPerson
        case .events, .acceptance, .optional: .notOffered
        case .other: .refused
        }
    }

    private static func conflict(about subject: Subject) -> Code {
        switch subject {
        case .claim: .notReady
        case .acceptance: .termsChanged
        case .key, .job, .log, .events, .standingClaim, .endOfClaim, .keyOfPerson, .person, .optional, .other:
            .conflict
        }
    }
}

extension Subject {
    fileprivate var isOptional: Bool {
        switch self {
        case .log, .events, .endOfClaim, .keyOfPerson, .person, .acceptance, .optional: true
        case .key, .job, .claim, .standingClaim, .other: false
        }
    }
}
