/// The times that the administrator has configured, in seconds.
struct Times: Equatable, Sendable {
    /// How long a builder waits for someone to enter it, or to come back.
    var keep: Int
    /// How long a kept builder lives after someone first enters it, unless the deadline is moved.
    var life: Int
    /// How long a claim lives without a heartbeat.
    var lease: UInt32
    /// How long a builder lives at most.
    var maxLife: Int
    /// The command for logging in to a builder, without the job: `ssh -t … connect`.
    var login = "ssh -t … connect"
}
