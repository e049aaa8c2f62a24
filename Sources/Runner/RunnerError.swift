public import BuildAPI

/// What the runner refuses, or cannot do.
///
/// `description` is one sentence that may be shown to anybody who may ask; `debugDescription` is for the log.
public struct RunnerError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    public enum Code: Equatable, Sendable {
        /// The request itself is not well-formed.
        case malformedRequest
        /// Nobody knows who asks: there is no token, or (then it is invalid) none that is known.
        case unauthenticated(isInvalid: Bool)
        /// This peer may not do that, or this person may not.
        case forbidden
        /// This person has to accept the terms of use before.
        case termsNotAccepted
        case notFound
        /// The resource exists; the method does not.
        case methodNotAllowed(allowed: String)
        /// Not in the present state: too early, or taken already.
        case conflict
        /// It existed and is over.
        case gone
        case tooLarge
        case unsupportedMediaType
        /// A range that begins behind the end.
        case rangeNotSatisfiable(size: Int)
        /// A manifest, or a value in a request, that means nothing here.
        case unprocessable(line: Int?, key: String?)
        /// Somebody has as much of it as they may have.
        case tooMany(Quota)
        /// The disk is full.
        case noSpace
        /// A builder does not answer now.
        case unreachable
        /// The runner is stopping.
        case stopping
        /// A mistake or a failure of ours, or of the machine below.
        case failure
    }

    public let code: Code
    public let description: String
    private let detail: String?

    init(_ code: Code, _ description: String, detail: String? = nil) {
        self.code = code
        self.description = description
        self.detail = detail
    }

    /// For the administrator in front of the terminal: the sentence and its private detail.
    public var explanation: String {
        if let detail { "\(description) (\(detail))" } else { description }
    }

    public var debugDescription: String { "\(code): \(explanation)" }
}
