public import BuildAPI

/// Why the runner refuses something, or cannot do it.
///
/// `description` is one sentence that is safe to show to any client; `debugDescription` is for the log.
public struct RunnerError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    public enum Code: Equatable, Sendable {
        /// The request itself is not well-formed.
        case malformedRequest
        /// The client is unknown: it sent no token, or (then `isInvalid` is true) an unknown one.
        case unauthenticated(isInvalid: Bool)
        /// The client or the person is not allowed to do that.
        case forbidden
        /// The person is suspended.
        case suspended
        /// The person has to accept the terms of use first.
        case termsNotAccepted
        case notFound
        /// The resource exists; the method does not.
        case methodNotAllowed(allowed: String)
        /// Not in the current state: too early, or taken already.
        case conflict
        /// It existed and has ended.
        case gone
        /// An operator has ended the session.
        case sessionEnded
        case tooLarge
        case unsupportedMediaType
        /// The range begins after the end.
        case rangeNotSatisfiable(size: Int)
        /// A manifest, or a value in a request, is invalid.
        case unprocessable(line: Int?, key: String?)
        /// The person has reached a limit.
        case tooMany(Quota)
        /// The person does this too often; after that many seconds they can do it again.
        case tooOften(Quota, seconds: Int)
        /// The disk is full.
        case noSpace
        /// The source of people does not answer.
        case peopleUnknown
        /// A builder does not answer.
        case unreachable
        /// The runner is stopping.
        case stopping
        /// A bug or a failure in the runner, or in its host.
        case failure
    }

    public let code: Code
    public let description: String
    /// All that is wrong with a manifest; otherwise empty.
    let faults: [Problem.Fault]
    /// The limit that has been reached, if it is for one.
    let limit: Limit?
    private let detail: String?

    init(
        _ code: Code, _ description: String, detail: String? = nil, faults: [Problem.Fault] = [],
        limit: Limit? = nil
    ) {
        self.code = code
        self.description = description
        self.detail = detail
        self.faults = faults
        self.limit = limit
    }

    /// For the administrator at the terminal: the sentence and its private detail.
    public var explanation: String {
        if let detail { "\(description) (\(detail))" } else { description }
    }

    public var debugDescription: String { "\(code): \(explanation)" }
}
