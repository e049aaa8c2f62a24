extension RunnerError.Code {
    /// The word for it in metrics.
    var reason: String {
        switch self {
        case .malformedRequest: "malformed_request"
        case .unauthenticated(isInvalid: false): "no_token"
        case .unauthenticated(isInvalid: true): "wrong_token"
        case .forbidden: "forbidden"
        case .suspended: "suspended"
        case .termsNotAccepted: "terms_not_accepted"
        case .notFound: "not_found"
        case .methodNotAllowed: "method_not_allowed"
        case .conflict: "conflict"
        case .gone: "gone"
        case .sessionEnded: "session_ended"
        case .tooLarge: "too_large"
        case .unsupportedMediaType: "unsupported_media_type"
        case .rangeNotSatisfiable: "range_not_satisfiable"
        case .unprocessable: "unprocessable"
        case .tooMany: "too_many"
        case .tooOften: "too_often"
        case .noSpace: "no_space"
        case .peopleUnknown: "people_unknown"
        case .unreachable: "unreachable"
        case .stopping: "stopping"
        case .failure: "failure"
        }
    }

    /// What an administrator has to mend.
    static let faults: [Self] = [.failure, .noSpace, .peopleUnknown]
}
