public import BuildAPI
public import ConfigurationFile

/// A running machine, as far as a job needs one. Tests have their own.
public protocol BuilderMachine: Sendable {
    /// Where its SSH server is, or will be.
    var address: String { get }
    var port: UInt16 { get }
    /// The user name to log in with.
    var user: String { get }
    /// `<type> <base64>` each.
    var hostKeys: [String] { get }

    /// Returns when its SSH server answers; throws when it has not within that time.
    func waitUntilReady(within seconds: Int) async throws
    /// Returns when the machine is gone, however that came about, or when the caller is cancelled.
    func waitUntilEnded() async
    /// Ends the machine; returns when it is gone. Not an error when it is gone already.
    func end() async
    /// Until when the machine lives if nobody asks for it again; it ends itself then.
    func setDeadline(secondsFromNow seconds: Int) async throws
    /// Lets exactly these people's keys in besides those that it was made with, `<type> <base64>` each.
    ///
    /// - Returns: false: this machine has no means for that.
    func admit(keys: [String]) async throws -> Bool

    /// Puts the scripts into the machine.
    func prepare(environment: [Manifest.Variable], tasks: [Manifest.Task]) async throws
    /// Starts a task, detached; nothing happens if it has been started before.
    func startTask(_ name: String) async throws
    /// Hands on the task's output from that byte on, until the task has ended. Nothing more is read while `receive`
    /// waits, and what it throws ends it.
    func follow(
        task name: String, from offset: Int, _ receive: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> TaskOutcome
}

/// How a task has ended.
public struct TaskOutcome: Equatable, Sendable {
    /// 128 + N when signal N killed it.
    public var exitStatus: Int
    /// Whether the builder's disk was full then.
    public var isDiskFull: Bool

    public init(exitStatus: Int, isDiskFull: Bool = false) {
        self.exitStatus = exitStatus
        self.isDiskFull = isDiskFull
    }
}

/// What a machine for a job is made of.
public struct BuilderPlan: Sendable {
    /// Whose it is.
    public var job: JobID
    /// For everything that belongs to this machine.
    public var folder: String
    /// The folder of its image.
    public var image: String
    /// MiB.
    public var memory: Int
    public var processors: Int
    /// What it may reach.
    public var network: Configuration.Runner.Image.Network
    /// The names under which people reach it, and no others.
    public var hostNames: [String]
    /// Seconds from its start after which it is gone, whatever happens.
    public var longestLife: Int
    /// Seconds from its start to its first deadline.
    public var life: Int
    /// Seconds after any deadline until it ends itself.
    public var grace: Int
}

/// Where machines come from.
public protocol BuilderSupply: Sendable {
    /// The key that vouches for the host keys of its machines, and as whom people log in to them; nil: none does.
    var hostAuthority: (key: String, user: String)? { get }
    /// Starts a machine; returns at once, while it boots. Throws `noSpace` when trying later is reasonable.
    func start(_ plan: BuilderPlan) async throws -> any BuilderMachine
    /// The machine that an earlier runner has started there; nil when it no longer lives.
    func adopt(_ plan: BuilderPlan) async -> (any BuilderMachine)?
    /// Ends whatever lives there, and removes what it left.
    func discard(_ plan: BuilderPlan) async
}
