public import BuildAPI
public import FoundationEssentials

/// What the runner remembers of one allocation, from before the provider hears of it until it is released.
public struct Allocation: Equatable, Sendable {
    public var id: AllocationID
    /// Whose it is.
    public var job: JobID
    /// The name of the pool that it comes from.
    public var pool: String
    /// The provider's own note, which it gets back; nil: `allocate` has not returned, or has noted nothing.
    public var data: String?
    /// When the provider takes the machine back, whatever happens; nil: it does not do that by itself.
    public var until: Date?

    /// Bytes of `data`.
    public static let longestData = 4096

    public init(id: AllocationID, job: JobID, pool: String, data: String? = nil, until: Date? = nil) {
        self.id = id
        self.job = job
        self.pool = pool
        self.data = data
        self.until = until
    }
}
