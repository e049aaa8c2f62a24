extension Configuration.Runner {
    /// How much anybody may take.
    public struct Limits: Equatable, Sendable {
        /// While so many builders of an owner's are kept, no further job of theirs starts.
        public var keptPerOwner = 2
        /// Sessions that one person may have at once, in whatever jobs.
        public var sessionsPerPerson = 10
        /// Jobs of one owner that may wait at once.
        public var queuedPerOwner = 10
        /// Bytes that the tasks of one job may write to their logs.
        public var log = 64 << 20
        /// Days for which a job that is over, and its logs, are kept.
        public var retention = 30

        public init() {}
    }
}
