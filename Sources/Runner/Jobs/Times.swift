import BuildAPI
import Presentation

/// What the administrator has configured about how builders end; times are in seconds.
struct Times: Equatable, Sendable {
    /// What becomes of a kept builder when its owner logs out of the last shell.
    var logout = Job.Logout.ask
    /// How long a builder waits for someone to enter it, or to come back.
    var keep: Int
    /// How long a kept builder lives after someone first enters it, unless the deadline is moved.
    var life: Int
    /// How long a claim lives without a heartbeat.
    var lease: UInt32
    /// How long a kept builder lives at most, from the end of its job's tasks.
    var maxLife: Int
    /// How long the tasks of a job can take, from the builder's start.
    var maxTimeout = 72 * 3600
    /// What people enter at home.
    var commandLine = GatewayCommandLine(account: "builds", host: "gateway", port: 22)
}
