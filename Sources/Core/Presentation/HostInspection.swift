/// What a runner's host offers to builders: what `sallyport-runner inspect` prints as JSON, and `sallyport check` reads.
public struct HostInspection: Codable, Equatable, Sendable {
    /// Why no builder could ever start, or settings contradict each other; nil: builders can start.
    public var obstacle: String?
    /// How builders are executed, and as whom.
    public var facts: [String]
    /// What will not work, or not as somebody may expect.
    public var warnings: [String]

    public init(obstacle: String? = nil, facts: [String] = [], warnings: [String] = []) {
        self.obstacle = obstacle
        self.facts = facts
        self.warnings = warnings
    }
}
