/// What a runner's host offers to builders, and what it hears about people: what `sallyport-runner inspect` prints as JSON, and
/// `sallyport check` reads.
public struct HostInspection: Codable, Equatable, Sendable {
    /// Why no builder could ever start, or settings contradict each other; nil: builders can start.
    public var obstacle: String?
    /// How builders are executed, and as whom.
    public var facts: [String]
    /// What will not work, or not as somebody may expect.
    public var warnings: [String]
    /// What the source of people says; nil: there is none.
    public var people: SourceAnswer?

    public enum SourceAnswer: Codable, Equatable, Sendable {
        /// It answers: one sentence.
        case answers(String)
        /// It gives no answer that counts, and why. It can quote the source: hostile text.
        case fails(String)
    }

    public init(
        obstacle: String? = nil, facts: [String] = [], warnings: [String] = [], people: SourceAnswer? = nil
    ) {
        self.obstacle = obstacle
        self.facts = facts
        self.warnings = warnings
        self.people = people
    }
}
