/// What somebody can do with a job.
public enum Action: String, CaseIterable, Sendable {
    /// Go into its builder.
    case enter
    /// Stay there, whatever has become of the terms of use meanwhile.
    case stay
    /// See what it does: its tasks and its logs.
    case look
    /// Move its builder's deadline.
    case extend
    /// Have its builder stay after the last logout, or not any more.
    case hold
    /// End its builder.
    case release
    /// End the job.
    case cancel
    /// Let somebody else in, or not any more.
    case share
}
