extension Configuration.Runner {
    /// Whose builder ends when an owner has reached the limit of kept builders, and one more should be kept.
    public enum KeptFull: String, Sendable, CaseIterable {
        /// The new one.
        case new
        /// The oldest one that nobody is inside or holds.
        case oldest
    }

    /// The limits for each person.
    public struct Limits: Equatable, Sendable {
        /// Kept builders of one owner. Those that people are inside or hold can be more.
        public var keptPerOwner = 2
        public var keptFull = KeptFull.new
        /// Jobs of one owner that can run at once; nil: half of the slots, rounded up.
        public var runningPerOwner: Int?
        /// Sessions that one person can have at once, in all jobs together.
        public var sessionsPerPerson = 10
        /// Followed logs and jobs of one person, from all gateways together.
        public var streamsPerPerson = 200
        /// Jobs of one owner that can wait at once.
        public var queuedPerOwner = 10
        /// Jobs that one owner can submit in a minute.
        public var submissionsPerMinute = 30
        /// Machines that are attached at once; 0: none can attach itself.
        public var attachments = 200
        /// Of those, one owner's.
        public var attachmentsPerOwner = 20
        /// Of those, from one IPv4 address or IPv6 /64.
        public var attachmentsPerAddress = 50
        /// Whether machines can wait for somebody to adopt them.
        public var pairing = true
        /// Machines that wait for that at once.
        public var pairings = 100
        /// Of those, from one IPv4 address or IPv6 /64; and how many can come from there in an hour.
        public var pairingsPerAddress = 10
        public var pairingsPerHour = 60
        /// Wrong codes that one person can enter in an hour, and all people together.
        public var wrongCodesPerPerson = 10
        public var wrongCodes = 100
        /// Bytes that the tasks of one job can write to their logs.
        public var log = 64 << 20
        /// Bytes of one job's source, as it is sent.
        public var source = 100 << 20
        /// Bytes of all sources that are kept of one owner's jobs.
        public var sourcesPerOwner = 1 << 30
        /// Bytes of all artifacts of one job; 0: none are kept.
        public var artifacts = 100 << 20
        /// Finished jobs of one owner that are kept, those without a builder.
        public var finishedPerOwner = 1000
        /// Bytes of their manifests, sources, logs and artifacts.
        public var finishedBytesPerOwner = 4 << 30
        /// Days for which a finished job and its logs are kept.
        public var retention = 30

        public init() {}
    }
}
