public import BuildAPI

/// Why the build service did not do what it was asked.
public struct ServiceError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    public enum Code: Equatable, Sendable {
        // Nothing was heard of the service, or nothing that can be used.

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
        /// The service does not say what has to be known before anybody is let in.
        case tooOld
        /// Files on the gateway, of sessions or logs, cannot be used.
        case gatewayFault

        // The service has said no.

        case noSuchJob
        case noSuchLog
        case noSuchKey
        case noSuchPerson
        /// The claim does not stand any more.
        case claimEnded
        /// The builder has ended.
        case builderGone
        /// There is no builder yet, or it boots.
        case notReady
        /// Not for this person, or not for a gateway.
        case notPermitted
        /// The service does not know who asks: the gateway's token is missing or wrong.
        case notAuthenticated
        /// The person has to accept the terms of use, which are others than a moment ago.
        case termsChanged
        /// It is somebody else's already, or otherwise not as the request supposes.
        case conflict
        /// What was sent is not what the service takes.
        case badInput
        /// As many of something as there may be; nil: the service does not say of what.
        case tooMany(Quota?)
        /// Not now.
        case unavailable
        /// The service has no such thing at all.
        case notOffered
        /// None of these.
        case refused
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

    /// Whether the same request may succeed in a while.
    public var isTransient: Bool {
        switch code {
        case .unreachable, .timedOut, .insecure, .brokenOff, .tooMany, .unavailable: true
        case .malformedAnswer, .tooOld, .gatewayFault, .untrusted, .redirected: false
        case .noSuchJob, .noSuchLog, .noSuchKey, .noSuchPerson, .claimEnded, .builderGone, .notReady,
            .notPermitted, .notAuthenticated, .termsChanged, .conflict, .badInput, .notOffered, .refused:
            false
        }
    }

    /// One sentence for a person. It quotes nothing that the service sent.
    public var description: String {
        switch code {
        case .unreachable: "The build service cannot be reached."
        case .insecure: "There is no secure connection to the build service."
        case .untrusted(.authority):
            "The build service's certificate is not signed by a trusted authority."
        case .untrusted(.time): "The build service's certificate has expired, or is not valid yet."
        case .untrusted(.name): "The build service's certificate is for another name."
        case .brokenOff: "The build service stopped in the middle of its answer."
        case .redirected: "The build service redirects to another address, which is not followed."
        case .timedOut: "The build service does not answer."
        case .malformedAnswer: "The build service gave an answer that makes no sense."
        case .tooOld: "The build service is too old to say whether a job's builder is still alive."
        case .gatewayFault: "The gateway cannot use its own files."
        case .tooMany, .unavailable: "The build service cannot answer now."
        case .notAuthenticated:
            "The build service does not accept the token: it is missing or wrong."
        case .notOffered: "The build service does not offer this."
        case .noSuchJob, .noSuchLog, .noSuchKey, .noSuchPerson, .claimEnded, .builderGone, .notReady,
            .notPermitted, .termsChanged, .conflict, .badInput, .refused:
            "The build service refused."
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
