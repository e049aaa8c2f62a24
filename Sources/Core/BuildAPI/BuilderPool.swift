public import FoundationEssentials

/// A place that builders come from, as it is at the moment (API v1: *pool*).
public struct BuilderPool: Codable, Equatable, Sendable {
    /// As a manifest names it.
    public var name: String
    /// One line about it.
    public var description: String?
    /// What its builders can be; nil or empty: the service does not know. Hostile text.
    public var arch: [String]?
    /// Builders at once; nil: the service does not say. The same for the following two.
    public var max: Int?
    /// How many more there can be now.
    public var free: Int?
    /// How many jobs have no builder of it yet.
    public var waiting: Int?
    /// Whether jobs that ask for nothing get a builder of it; nil: they don't.
    public var isDefault: Bool?
    /// Why jobs wait though builders are free; nil: nothing is known.
    public var refusal: Refusal?
    /// Whether builders of it can be known only by the host keys that they show first; nil: they are not.
    public var firstUse: Bool?

    /// What the pool's allocator has answered last.
    public struct Refusal: Codable, Equatable, Sendable {
        /// Its own words: hostile text.
        public var detail: String
        /// When it is asked again.
        public var again: Date?

        public init(detail: String, again: Date? = nil) {
            self.detail = detail
            self.again = again
        }
    }

    /// Scalars of a description, and of an allocator's words.
    public static let longestText = 400

    enum CodingKeys: String, CodingKey {
        case name, description, arch, max, free, waiting, refusal
        case isDefault = "default"
        case firstUse = "first_use"
    }

    public init(
        name: String, description: String? = nil, arch: [String]? = nil, max: Int? = nil, free: Int? = nil,
        waiting: Int? = nil, isDefault: Bool? = nil, refusal: Refusal? = nil, firstUse: Bool? = nil
    ) {
        self.name = name
        self.description = description
        self.arch = arch
        self.max = max
        self.free = free
        self.waiting = waiting
        self.isDefault = isDefault
        self.refusal = refusal
        self.firstUse = firstUse
    }
}

/// The answer to `GET /v1/pools`.
public struct PoolList: Codable, Equatable, Sendable {
    /// In the order in which people read them.
    public var pools: [BuilderPool]

    public init(pools: [BuilderPool]) {
        self.pools = pools
    }
}
