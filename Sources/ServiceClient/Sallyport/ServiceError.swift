public import BuildAPI

/// Why the build service did not do what it was asked.
public struct ServiceError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    public enum Code: Equatable, Sendable {
        // The service did not answer, or not usably.

        /// Nothing listens there, or the connection broke.
        case unreachable
        /// The service closed the connection before it answered.
        case hungUp
        /// The TLS handshake failed; nothing has been sent.
        case insecure
        /// The certificate does not prove that this is the service; nothing has been sent.
        case untrusted(Distrust)
        /// The answer ended too early.
        case brokenOff
        /// The service redirects to another address, which is not followed, because the token is for this one.
        case redirected
        /// No complete answer within the time allowed.
        case timedOut
        /// The answer does not follow the service's interface.
        case malformedAnswer
        /// The service does not report what the gateway must know before it lets anyone in.
        case tooOld
        /// Files of sessions or logs on the gateway cannot be used.
        case gatewayFault

        // The service refused.

        case noSuchJob
        case noSuchLog
        case noSuchKey
        case noSuchPerson
        /// The claim has ended.
        case claimEnded
        /// An administrator has ended the session, which gets no other claim.
        case sessionEnded
        /// The builder has ended.
        case builderGone
        /// There is no builder yet, or it is booting.
        case notReady
        /// The person, or the gateway, is not allowed to do that.
        case notPermitted
        /// The person was suspended in the meantime.
        case suspended
        /// The gateway's token is missing or wrong.
        case notAuthenticated
        /// The person has to accept the terms of use, which have just changed.
        case termsChanged
        /// It already belongs to someone else, or is otherwise not in the state that the request needs.
        case conflict
        /// The service does not accept what was sent.
        case badInput
        /// A limit has been reached; nil: the service does not say which.
        case tooMany(Quota?)
        /// Not now.
        case unavailable
        /// The service does not support this request.
        case notOffered
        /// None of these.
        case refused
    }

    /// What is wrong with a certificate.
    public enum Distrust: Equatable, Sendable {
        /// No trusted authority has signed it.
        case authority
        /// It is not valid yet, or has expired.
        case time
        /// It is for another host.
        case name
    }

    public let code: Code
    /// What the service says about it. Hostile text, like everything that a service sends.
    public let problem: Problem?
    /// When to ask the service again, if it says so.
    let retryAfter: Duration?
    /// For administrators: which service, and what went wrong. It can quote the service: hostile text.
    public let detail: String

    package init(_ code: Code, problem: Problem? = nil, retryAfter: Duration? = nil, detail: String) {
        self.code = code
        self.retryAfter = retryAfter
        self.problem = problem
        self.detail = detail
    }

    /// Whether the service has refused for a quota: other people's requests change nothing about it.
    public var namesQuota: Bool { if case .tooMany(_?) = code { true } else { false } }

    /// Whether the service has answered, and cannot find out who people are: its source of people does not answer.
    public var saysPeopleAreUnknown: Bool { problem?.type == Problem.peopleUnknownType }

    /// Whether the same request may succeed later.
    public var isTransient: Bool {
        switch code {
        case .unreachable, .hungUp, .timedOut, .insecure, .brokenOff, .tooMany, .unavailable: true
        case .malformedAnswer, .tooOld, .gatewayFault, .untrusted, .redirected: false
        case .noSuchJob, .noSuchLog, .noSuchKey, .noSuchPerson, .claimEnded, .sessionEnded, .builderGone,
            .notReady, .notPermitted, .suspended, .notAuthenticated, .termsChanged, .conflict, .badInput,
            .notOffered,
            .refused:
            false
        }
    }

    /// One sentence for a person. It quotes nothing that the service has sent.
    public var description: String {
        switch code {
        case .unreachable: "The build service cannot be reached."
        case .hungUp: "The build service closed the connection without an answer."
        case .insecure: "There is no secure connection to the build service."
        case .untrusted(.authority):
            "The build service's certificate is not signed by a trusted authority."
        case .untrusted(.time): "The build service's certificate has expired, or is not valid yet."
        case .untrusted(.name): "The build service's certificate is for another name."
        case .brokenOff: "The build service stopped in the middle of its answer."
        case .redirected: "The build service redirects to another address, which is not followed."
        case .timedOut: "The build service does not answer."
        case .malformedAnswer: "The build service gave an invalid answer."
        case .tooOld: "The build service is too old to say whether a job's builder is still alive."
        case .gatewayFault: "The gateway cannot use its own files."
        case .tooMany, .unavailable: "The build service cannot answer now."
        case .notAuthenticated:
            "The build service does not accept the token: it is missing or wrong."
        case .notOffered: "The build service does not offer this."
        case .noSuchJob, .noSuchLog, .noSuchKey, .noSuchPerson, .claimEnded, .sessionEnded, .builderGone,
            .notReady, .notPermitted, .suspended, .termsChanged, .conflict, .badInput, .refused:
            "The build service refused."
        }
    }

    /// What to do about it, in another sentence for that person.
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
