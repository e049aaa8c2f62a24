import BuildAPI

/// Which jobs a list has.
struct JobFilter: Sendable {
    /// Nil: everyone's.
    var owner: Person?
    /// Only jobs that can still change: not final, or with a builder.
    var isLive = false
    /// Also those of others that are shared with the owner.
    var includesShared = false
}
