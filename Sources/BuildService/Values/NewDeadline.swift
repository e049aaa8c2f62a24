public import FoundationEssentials

/// The body of `PUT /v1/jobs/{id}/deadline`: one of both.
public struct NewDeadline: Codable, Equatable, Sendable {
    public var until: Date?
    /// From now.
    public var seconds: Int?

    public init(until: Date) {
        self.until = until
    }

    public init(seconds: Int) {
        self.seconds = seconds
    }
}
