public import BuildAPI
public import ConfigurationFile

/// What a job needs of a running machine. Tests have their own.
public protocol BuilderMachine: Sendable {
    /// The address of its SSH server, now or later.
    var address: String { get }
    var port: UInt16 { get }
    /// The user name to log in with.
    var user: String { get }
    /// `<type> <base64>` each.
    var hostKeys: [String] { get }
    /// How it is executed.
    var execution: BuilderExecution { get }
    /// How much it has sent and received so far, in words for the log, also after its end; nil: nobody counts.
    var traffic: String? { get async }

    /// Returns when its SSH server answers; throws if it does not answer within that time.
    func waitUntilReady(within seconds: Int) async throws
    /// Returns when the machine is gone, for whatever reason, or when the caller is cancelled.
    func waitUntilEnded() async
    /// Ends the machine; returns when it is gone. It is not an error if it is gone already.
    func end() async
    /// When the machine ends itself, unless it gets a new deadline.
    func setDeadline(secondsFromNow seconds: Int) async throws
    /// Accepts exactly these people's keys, in addition to those it was made with, and shows their message.
    ///
    /// - Parameter left: seconds until the deadline.
    /// - Returns: false if this machine does not support that.
    func tell(_ people: BuilderPeople, left: Int?) async throws -> Bool

    /// Unpacks a tar archive, plain or compressed with gzip, into the folder in which tasks and shells start from then on.
    /// Throws a ``RunnerError`` whose sentence people can read if that is not possible.
    func unpack(_ archive: String) async throws
    /// Puts the scripts into the machine.
    func prepare(environment: [Manifest.Variable], tasks: [Manifest.Task]) async throws
    /// Starts a task, detached; nothing happens if it has been started before.
    func startTask(_ name: String) async throws
    /// Passes on the task's output from that byte on, until the task has ended. Nothing more is read while `receive`
    /// waits; an error from it ends the reading.
    func follow(
        task name: String, from offset: Int, _ receive: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> TaskOutcome
}

extension BuilderMachine {
    public var execution: BuilderExecution { BuilderExecution() }
    public var traffic: String? { get async { nil } }
}

/// How a machine is executed.
public struct BuilderExecution: Sendable {
    /// Nil: nobody knows.
    public var accelerator: Job.Builder.Accelerator?
    /// Whether it is a process of its own user, apart from the runner's; nil: nobody knows.
    public var isIsolated: Bool?

    public init(accelerator: Job.Builder.Accelerator? = nil, isIsolated: Bool? = nil) {
        self.accelerator = accelerator
        self.isIsolated = isIsolated
    }
}

/// The specification of a job's machine.
public struct BuilderPlan: Sendable {
    /// Whose it is.
    public var job: JobID
    /// The folder for everything that belongs to this machine.
    public var folder: String
    /// The folder of its image.
    public var image: String
    /// MiB.
    public var memory: Int
    public var processors: Int
    /// What it can reach.
    public var network: Configuration.Runner.Image.Network
    /// The names under which people reach it, and no others.
    public var hostNames: [String]
    /// The machine is gone this many seconds after its start, whatever happens.
    public var longestLife: Int
    /// Seconds from its start to its first deadline.
    public var life: Int
    /// The machine ends itself this many seconds after a deadline.
    public var grace: Int
}

/// Makes machines.
public protocol BuilderSupply: Sendable {
    /// The key that certifies the host keys of its machines, and the user name for logging in to them; nil: there is
    /// none.
    var hostAuthority: (key: String, user: String)? { get }
    /// Starts a machine, and returns while it boots. Throws `noSpace` if a later attempt can succeed.
    func start(_ plan: BuilderPlan) async throws -> any BuilderMachine
    /// The machine that an earlier runner has started there; nil if it is gone.
    func adopt(_ plan: BuilderPlan) async -> (any BuilderMachine)?
    /// Ends any machine there, and removes its files.
    func discard(_ plan: BuilderPlan) async
}
