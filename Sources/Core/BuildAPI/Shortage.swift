extension Job.Task {
    /// What a builder ran out of: a word of API v1. Readers accept the words of later versions too.
    public struct Shortage: RawRepresentable, Codable, Hashable, Sendable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The kernel killed processes because there was no memory left.
        public static let memory = Shortage(rawValue: "memory")
        /// The disk was full when the task ended.
        public static let disk = Shortage(rawValue: "disk")
    }
}
