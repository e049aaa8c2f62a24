import FoundationEssentials

/// How long a kept builder lives once someone uses it.
struct Lifetime: Equatable, Sendable {
    /// The builder ends then, even if people are inside.
    var end: Date
    /// Someone has been inside since the tasks ended.
    var isEntered = false
    /// Someone has moved the deadline to this time, and can rely on the builder until then.
    var isExtended = false
}
