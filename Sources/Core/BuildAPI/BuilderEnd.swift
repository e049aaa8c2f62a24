extension Job {
    /// Why a builder is no longer there.
    public struct BuilderEnd: Codable, Equatable, Sendable {
        public var reason: Reason
        /// Who has ended it, where somebody has.
        public var by: Person?

        public init(reason: Reason, by: Person? = nil) {
            self.reason = reason
            self.by = by
        }
    }
}

extension Job.BuilderEnd {
    /// A word of API v1. A reader takes those of a later version too.
    public struct Reason: RawRepresentable, Codable, Hashable, Sendable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// Somebody has ended it.
        public static let released = Reason(rawValue: "released")
        /// The job's deadline was over.
        public static let deadline = Reason(rawValue: "deadline")
        /// Nobody came, or came back, in the keep-time.
        public static let kept = Reason(rawValue: "kept")
        /// The last shell has logged out.
        public static let logout = Reason(rawValue: "logout")
        /// The job was cancelled.
        public static let cancelled = Reason(rawValue: "cancelled")
        /// The tasks have not ended in time.
        public static let timeout = Reason(rawValue: "timeout")
        /// The job succeeded, and nothing kept its builder.
        public static let success = Reason(rawValue: "success")
        /// The machine died, or has never come up.
        public static let lost = Reason(rawValue: "lost")
    }
}
