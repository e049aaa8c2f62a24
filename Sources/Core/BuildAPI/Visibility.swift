/// Whom else a job is open to.
public enum Visibility: String, Codable, Sendable, CaseIterable {
    /// Everybody with a key may follow it.
    case `public`
    /// Others may know that it exists.
    case unlisted
    /// Nobody else may know that it exists.
    case `private`
}
