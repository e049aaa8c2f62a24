public import FoundationEssentials

/// Where the builders of one pool come from.
///
/// The runner calls it for many allocations at once. For one allocation it calls one function after the other, and
/// `release` for every id that it has ever passed to `allocate`, until that succeeds once: also if `allocate` has thrown, or
/// has never returned because the runner died.
public protocol BuilderProvider: Sendable {
    /// The key that certifies the host keys of its machines, and the user name for logging in to them; nil: nothing
    /// certifies them.
    var hostAuthority: (key: String, user: String)? { get }

    /// The runner has started, and remembers these allocations. What else exists under an id of its own is released.
    func begin(knowing isKnown: @escaping @Sendable (AllocationID) async -> Bool) async

    /// Makes the key with which the machine of an allocation can dial a gateway, or finds it again. It is good for nothing else,
    /// and the runner knows it before ``allocate(_:progress:)`` hears of the allocation.
    ///
    /// - Returns: the public half, `<type> <base64>`; nil: its machines do not dial.
    func attachKey(for allocation: AllocationID) async throws -> String?

    /// Allocates a machine. Returns when it is known how to reach it; its SSH server may not answer yet.
    ///
    /// - Parameters:
    ///   - request: its id is stored already.
    ///   - progress: receives lines that people see in the job's log. They can be hostile: the runner filters them.
    /// - Throws: ``AllocationFailure``. Whatever it throws, the runner releases the id, so nothing needs to be cleaned up
    ///   here. When the calling task is cancelled, because the job is, or because the pool's time is over, it gives up
    ///   soon.
    func allocate(
        _ request: BuilderRequest, progress: @escaping @Sendable (_ line: String) -> Void
    ) async throws -> any AllocatedBuilder

    /// Finds the machine of an earlier runner; nil: it is gone, or useless.
    func reattach(_ allocation: Allocation) async -> (any AllocatedBuilder)?

    /// Asks for more time, for an allocation that has an end. Times are those of the wall clock.
    ///
    /// - Returns: until when the machine stays now; nil: as long as the runner wants. The runner promises nobody more.
    /// - Throws: nothing has changed.
    func extend(_ allocation: Allocation, until moment: Date) async throws -> Date?

    /// Ends the machine. It is not an error if it is gone already, or if there has never been one.
    ///
    /// - Parameter entered: whether someone was inside.
    /// - Throws: it may still exist. The runner tries again later, also after a restart.
    func release(_ allocation: Allocation, entered: Bool) async throws
}

extension BuilderProvider {
    public var hostAuthority: (key: String, user: String)? { nil }

    /// Its machines do not dial.
    public func attachKey(for allocation: AllocationID) async throws -> String? { nil }

    /// It cannot find out.
    public func begin(knowing isKnown: @escaping @Sendable (AllocationID) async -> Bool) async {}

    /// Its machines stay as long as the runner wants.
    public func extend(_ allocation: Allocation, until moment: Date) async throws -> Date? { nil }
}
