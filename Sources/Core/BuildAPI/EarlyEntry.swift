public import FoundationEssentials

extension Job {
    /// That somebody has come into the builder, by a door of the gateway's, before its tasks had ended.
    public struct EarlyEntry: Codable, Equatable, Sendable {
        public var person: Person
        /// What the job is to them.
        public var role: Role
        /// By which door.
        public var kind: Claim.Kind
        public var since: Date

        public init(person: Person, role: Role, kind: Claim.Kind, since: Date) {
            self.person = person
            self.role = role
            self.kind = kind
            self.since = since
        }

        /// A word of API v1. Readers accept the words of later versions too.
        public struct Role: RawRepresentable, Codable, Hashable, Sendable {
            public let rawValue: String

            public init(rawValue: String) {
                self.rawValue = rawValue
            }

            public static let owner = Role(rawValue: "owner")
            /// In the group that owns the job.
            public static let member = Role(rawValue: "member")
            /// The job is shared with them.
            public static let shared = Role(rawValue: "shared")
            public static let administrator = Role(rawValue: "administrator")
        }
    }

    /// How many entries a job lists. The mark is the first of them, and stays.
    public static let mostEarlyEntries = 20
}
