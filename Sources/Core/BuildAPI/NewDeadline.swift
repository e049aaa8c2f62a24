public import FoundationEssentials

/// The body of `PUT /v1/jobs/{id}/deadline`: one of the two.
public struct NewDeadline: Codable, Equatable, Sendable {
    /// From now.
    public var seconds: Int?
    public var until: Date?

    public init(seconds: Int) {
        self.seconds = seconds
    }

    public init(until: Date) {
        self.until = until
    }
}
