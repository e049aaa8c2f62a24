/// Why the build service did not do what it was asked.
public struct ServiceError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    public enum Code: Equatable, Sendable {
        /// Nobody listens there, or the connection broke.
        case unreachable
        /// No complete answer within the time allowed.
        case timedOut
        /// An answer that the service's interface does not have.
        case malformedAnswer
        /// The service has nothing that could answer this.
        case unsupported
        /// The service does not say what has to be known before anybody is let in.
        case tooOld
        /// Files on the gateway, of sessions or logs, cannot be used.
        case gatewayFault
        /// The service refused, with this HTTP status.
        case refused(Int)
    }

    public let code: Code
    /// What the service says about it. Hostile text, like all that a service sends.
    public let problem: Problem?
    private let detail: String

    package init(_ code: Code, problem: Problem? = nil, detail: String) {
        self.code = code
        self.problem = problem
        self.detail = detail
    }

    /// The HTTP status of a refusal, else nil.
    public var status: Int? {
        if case .refused(let status) = code { status } else { nil }
    }

    /// Whether the same request may succeed in a while.
    public var isTransient: Bool {
        switch code {
        case .unreachable, .timedOut: true
        case .malformedAnswer, .unsupported, .tooOld, .gatewayFault: false
        case .refused(let status): status == 429 || status >= 500
        }
    }

    /// One sentence for a person. It quotes nothing that the service sent.
    public var description: String {
        switch code {
        case .unreachable: "The build service cannot be reached."
        case .timedOut: "The build service does not answer."
        case .malformedAnswer: "The build service gave an answer that makes no sense."
        case .unsupported: "The build service does not say that."
        case .tooOld: "The build service is too old to say whether the builder of a job still lives."
        case .gatewayFault: "The gateway cannot use its own files."
        case .refused(let status) where status == 429 || status >= 500: "The build service cannot answer now."
        case .refused: "The build service refused."
        }
    }

    /// For the log.
    public var debugDescription: String { "\(code): \(detail)" }
}
