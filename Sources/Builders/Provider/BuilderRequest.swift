public import BuildAPI

/// What a job wants of a provider.
public struct BuilderRequest: Sendable {
    /// Stored before the provider hears of it.
    public var allocation: AllocationID
    /// Whose builder it becomes.
    public var job: JobID
    public var owner: Person
    /// The name of the pool.
    public var pool: String
    /// The pool's processor architecture, as the administrator calls it; nil: the pool does not say.
    public var arch: String?
    /// The pool's tags.
    public var tags: [String]
    /// The image that the manifest names. Empty: it names none, which is possible where the pool's images are unknown.
    public var image: String
    /// The names under which people reach the builder, and no others.
    public var hostNames: [String]
    /// Seconds from the builder's start to its first deadline.
    public var life: Int
    /// The builder must be gone this many seconds after its start, whatever happens.
    public var longestLife: Int
    /// A builder with a watchdog of its own ends itself this many seconds after a deadline.
    public var grace: Int

    public init(
        allocation: AllocationID, job: JobID, owner: Person, pool: String, arch: String? = nil,
        tags: [String] = [], image: String, hostNames: [String], life: Int, longestLife: Int, grace: Int
    ) {
        self.allocation = allocation
        self.job = job
        self.owner = owner
        self.pool = pool
        self.arch = arch
        self.tags = tags
        self.image = image
        self.hostNames = hostNames
        self.life = life
        self.longestLife = longestLife
        self.grace = grace
    }
}
