public import BuildAPI
public import ConfigurationFile
public import Provider

/// A builder that can be ended.
public protocol EndableBuilder: AllocatedBuilder {
    /// Ends the machine; returns when it is gone. It is not an error if it is gone already.
    func end() async
}

/// The specification of a job's machine.
public struct BuilderPlan: Sendable {
    /// Whose it is.
    public var job: JobID
    /// The folder for everything that belongs to this machine.
    public var folder: String
    /// The Unix socket at which it is reached, if this host can do that.
    public var socket: String
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
    func start(_ plan: BuilderPlan) async throws -> any EndableBuilder
    /// The machine that an earlier runner has started there; nil if it is gone.
    func adopt(_ plan: BuilderPlan) async -> (any EndableBuilder)?
    /// Ends any machine there, and removes its files.
    func discard(_ plan: BuilderPlan) async
}
