/// A limit that one person has reached.
public struct Quota: Codable, Equatable, Sendable {
    /// In the plural: `sessions`, `waiting jobs`.
    public var what: String
    public var limit: Int

    public init(what: String, limit: Int) {
        self.what = what
        self.limit = limit
    }
}
