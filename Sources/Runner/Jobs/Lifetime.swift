import FoundationEssentials

/// How long a kept builder lives, once anybody cares for it.
struct Lifetime: Codable, Equatable, Sendable {
    /// The builder ends then, whoever is inside.
    var end: Date
    /// Somebody has been inside since the tasks ended.
    var isEntered = false
    /// Somebody has moved the deadline to that moment, and finds the builder until then.
    var isExtended = false
}
