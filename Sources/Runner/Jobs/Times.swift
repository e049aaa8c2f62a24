/// The times that the administrator has configured, in seconds.
struct Times: Equatable, Sendable {
    /// How long a builder waits for somebody to come, or to come back.
    var keep: Int
    /// How long a kept builder lives from when somebody first enters it, unless the deadline is moved.
    var life: Int
    /// How long a claim stands without a heartbeat.
    var lease: UInt32
    /// How long a builder lives at most.
    var maxLife: Int
    /// What a person enters to log in to a builder, but for the job: `ssh -t … connect`.
    var login = "ssh -t … connect"
}
