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

    /// The ids of those whose jobs these are: the owner, and with ``includesShared`` their groups.
    var parties: [String] {
        (owner.map { [$0.id] } ?? []) + (includesShared ? groups.map(\.id) : [])
    }
}
