public import FoundationEssentials

extension Job {
    /// That an administrator has entered a builder that is not theirs, and why.
    public struct AdministratorEntry: Codable, Equatable, Sendable {
        public var person: Person
        /// As they have given it: hostile text.
        public var reason: String
        public var since: Date

        public init(person: Person, reason: String, since: Date) {
            self.person = person
            self.reason = reason
            self.since = since
        }
    }

    /// How many a job lists: the latest ones.
    public static let mostAdministratorEntries = 20
}
