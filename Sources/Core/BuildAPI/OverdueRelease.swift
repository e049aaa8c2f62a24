public import FoundationEssentials

/// A machine that nobody needs any more, and that its pool has not taken back for an hour.
public struct OverdueRelease: Codable, Equatable, Sendable {
    /// The id under which the pool's allocator knows it.
    public var allocation: String
    public var pool: String
    public var job: JobID
    /// Since when nobody needs it.
    public var since: Date
    /// Whether someone was inside.
    public var entered: Bool

    public init(allocation: String, pool: String, job: JobID, since: Date, entered: Bool) {
        self.allocation = allocation
        self.pool = pool
        self.job = job
        self.since = since
        self.entered = entered
    }
}

/// The answer to `GET /v1/allocations`.
public struct AllocationList: Codable, Equatable, Sendable {
    public var allocations: [OverdueRelease]

    public init(allocations: [OverdueRelease]) {
        self.allocations = allocations
    }
}
