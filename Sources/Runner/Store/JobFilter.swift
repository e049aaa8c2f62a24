import BuildAPI

/// Which jobs a list has.
struct JobFilter: Sendable {
    /// Nil: everyone's.
    var owner: Party?
    /// Only jobs that can still change: not final, or with a builder.
    var isLive = false
    /// Also those of the owner's groups, and those of others that are shared with the owner or one of these groups.
    var includesShared = false
    /// The owner's.
    var groups: [Group] = []

    /// The ids of the owner, who comes first, and of the groups.
    var parties: [String] { (owner.map { [$0.id] } ?? []) + groups.map(\.id) }
}
