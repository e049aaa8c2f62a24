/// What a person can do with a job.
public enum Action: String, CaseIterable, Sendable {
    /// Enter its builder.
    case enter
    /// Stay there, even if the terms of use have changed in the meantime.
    case stay
    /// See its tasks and its logs.
    case look
    /// Move its builder's deadline.
    case extend
    /// Keep its builder until the deadline, or stop keeping it.
    case hold
    /// End its builder.
    case release
    /// End the job.
    case cancel
    /// Make a new job of it, after it has ended.
    case rerun
    /// Let another person in, or stop letting them in.
    case share
}
