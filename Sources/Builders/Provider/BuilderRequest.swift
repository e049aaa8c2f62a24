public import BuildAPI

/// What a job wants of a provider.
public struct BuilderRequest: Sendable {
    /// Stored before the provider hears of it.
    public var allocation: AllocationID
    /// Whose builder it becomes.
    public var job: JobID
    public var owner: Party
    /// The name of the pool.
    public var pool: String
    /// What the builder must be: the job asks for it, or the pool has nothing else; nil: anything.
    public var arch: Architecture?
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
    /// Returns the machine that has dialled a gateway with the key of this allocation, as soon as there is one: see
    /// ``BuilderProvider/attachKey(for:)``; nil: none is expected.
    public var arrival: (@Sendable () async throws -> DialledMachine)?

    public init(
        allocation: AllocationID, job: JobID, owner: Party, pool: String, arch: Architecture? = nil,
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
