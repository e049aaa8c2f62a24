/// The result of one check.
public struct Finding: Codable, Equatable, Sendable {
    public enum Outcome: String, Codable, Sendable {
        case kept, broken, skipped
    }

    public var check: Check
    public var outcome: Outcome
    /// What was seen, or why it could not be tested. It can quote the service: hostile text.
    public var seen: String
}

/// The findings about one service: one for each ``Check`` of the level, in their order.
public struct Report: Codable, Equatable, Sendable {
    public var level: Level
    public var findings: [Finding]
    /// What the examination has made and could not remove.
    public var left: [String]

    public var isKept: Bool { findings.allSatisfy { $0.outcome != .broken } }

    public func count(_ outcome: Finding.Outcome) -> Int { findings.count { $0.outcome == outcome } }
}
