/// As many of something as there may be for one person.
public struct Quota: Codable, Equatable, Sendable {
    /// In the plural: `sessions`, `waiting jobs`.
    public var what: String
    public var limit: Int

    public init(what: String, limit: Int) {
        self.what = what
        self.limit = limit
    }
}
