extension Job {
    /// Why a builder is no longer there.
    public struct BuilderEnd: Codable, Equatable, Sendable {
        public var reason: Reason
        /// The person who ended it, if anyone did.
        public var by: Person?

        public init(reason: Reason, by: Person? = nil) {
            self.reason = reason
            self.by = by
        }
    }
}

extension Job.BuilderEnd {
    /// A word of API v1. Readers accept the words of later versions too.
    public struct Reason: RawRepresentable, Codable, Hashable, Sendable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// Someone has ended it.
        public static let released = Reason(rawValue: "released")
        /// The deadline has passed.
        public static let deadline = Reason(rawValue: "deadline")
        /// Nobody entered it, or came back, during the keep-time.
        public static let kept = Reason(rawValue: "kept")
        /// The last shell has logged out.
        public static let logout = Reason(rawValue: "logout")
        /// The job was cancelled.
        public static let cancelled = Reason(rawValue: "cancelled")
        /// The tasks did not end in time.
        public static let timeout = Reason(rawValue: "timeout")
        /// The job succeeded, and nothing kept its builder.
        public static let success = Reason(rawValue: "success")
        /// The job failed, and was to keep no builder.
        public static let notKept = Reason(rawValue: "not_kept")
        /// Its owner had as many kept builders as one owner can have.
        public static let limit = Reason(rawValue: "limit")
        /// It was an attached machine, which has left.
        public static let left = Reason(rawValue: "left")
        /// The machine died.
        public static let lost = Reason(rawValue: "lost")
        /// The service could not start it, or it never came up: no task has run, and the build is not to blame.
        public static let fault = Reason(rawValue: "fault")
    }
}
