public import BuildAPI
public import FoundationEssentials

/// A machine that a provider has allocated: how to reach it, and how it lives. What happens inside goes through its
/// ``TaskChannel``.
public protocol AllocatedBuilder: Sendable {
    /// Where its SSH server is reached, now or later.
    var endpoint: Job.Builder.Endpoint { get }
    /// The user name to log in with.
    var user: String { get }
    /// `<type> <base64>` each. Empty: they are learnt when it is ready.
    var hostKeys: [String] { get }
    /// How it is executed.
    var execution: BuilderExecution { get }
    /// The provider's own note about it, at most ``Allocation/longestData`` bytes; nil: it needs none to find it again.
    var data: String? { get }
    /// When the provider takes it back, by the wall clock, whatever happens; nil: it does not do that by itself.
    var until: Date? { get }
    /// How much it has sent and received so far, in words for the log, also after its end; nil: nobody counts.
    var traffic: String? { get async }
    /// Whether it has dialled a gateway: then the runner knows from the gateway whether it is there.
    var hasDialled: Bool { get }
    /// How to work in it.
    var channel: any TaskChannel { get }

    /// Returns when its SSH server answers; throws if it does not answer within that time, or the machine is gone.
    func waitUntilReady(within seconds: Int) async throws -> ReadyBuilder
    /// Returns when the machine is gone, for whatever reason, or when the caller is cancelled.
    func waitUntilEnded() async
    /// A machine that has dialled is reached there from now on: its connection was lost, and it has come back.
    func moved(to endpoint: Job.Builder.Endpoint) throws
}

extension AllocatedBuilder {
    public var execution: BuilderExecution { BuilderExecution() }
    public var data: String? { nil }
    public var until: Date? { nil }
    public var traffic: String? { get async { nil } }
    public var hasDialled: Bool { false }

    /// It stays where it is.
    public func moved(to endpoint: Job.Builder.Endpoint) {}
}
