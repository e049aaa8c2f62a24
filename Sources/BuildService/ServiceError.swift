/// Why the build service did not do what it was asked.
public struct ServiceError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    public enum Code: Equatable, Sendable {
        /// Nobody listens there, or the connection broke.
        case unreachable
        /// TLS did not come about; nothing has been sent.
        case insecure
        /// The certificate does not prove that this is the service; nothing has been sent.
        case untrusted(Distrust)
        /// The answer ended too early.
        case brokenOff
        /// The service sends on to another place, which is not followed: the token is for this one.
        case redirected
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

    /// What is wrong with a certificate.
    public enum Distrust: Equatable, Sendable {
        /// Nobody who is trusted vouches for it.
        case authority
        /// It is not valid yet, or not any more.
        case time
        /// It is for another host.
        case name
    }

    public let code: Code
    /// What the service says about it. Hostile text, like all that a service sends.
    public let problem: Problem?
    /// When the service wants to be asked again.
    let retryAfter: Duration?
    private let detail: String

    package init(_ code: Code, problem: Problem? = nil, retryAfter: Duration? = nil, detail: String) {
        self.code = code
        self.retryAfter = retryAfter
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
        case .unreachable, .timedOut, .insecure, .brokenOff: true
        case .malformedAnswer, .unsupported, .tooOld, .gatewayFault, .untrusted, .redirected: false
        case .refused(let status): status == 429 || status >= 500
        }
    }

    /// One sentence for a person. It quotes nothing that the service sent.
    public var description: String {
        switch code {
        case .unreachable: "The build service cannot be reached."
        case .insecure: "There is no secure connection to the build service."
        case .untrusted(.authority):
            "The build service's certificate is signed by nobody who is trusted here."
        case .untrusted(.time): "The build service's certificate has expired, or is not valid yet."
        case .untrusted(.name): "The build service's certificate is for another name."
        case .brokenOff: "The build service broke off in the middle of its answer."
        case .redirected: "The build service sends on to another place, which is not followed."
        case .timedOut: "The build service does not answer."
        case .malformedAnswer: "The build service gave an answer that makes no sense."
        case .unsupported: "The build service does not say that."
        case .tooOld: "The build service is too old to say whether the builder of a job still lives."
        case .gatewayFault: "The gateway cannot use its own files."
        case .refused(let status) where status == 429 || status >= 500: "The build service cannot answer now."
        case .refused(401): "The build service does not accept who asks: the token is missing, or wrong."
        case .refused: "The build service refused."
        }
    }

    /// What to do about it, in another sentence for the same person.
    public var advice: String {
        guard isTransient else { return "Please tell the administrator." }
        guard let seconds = retryAfter?.components.seconds, seconds > 1, seconds != 60 else {
            return "Try again in a minute."
        }
        return seconds < 60
            ? "Try again in \(seconds) seconds." : "Try again in \((seconds + 59) / 60) minutes."
    }

    /// For the log.
    public var debugDescription: String { "\(code): \(detail)" }
}
