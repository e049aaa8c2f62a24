/// One page of a list: the answer to a request that takes a ``PageRequest``.
public protocol PagedList: Codable, Equatable, Sendable {
    associatedtype Element: Sendable

    init()
    var elements: [Element] { get set }
    /// What ``PageRequest/after`` is in the request for the next page; nil: there is none. Hostile text.
    var next: String? { get set }
}

/// Which page of a list is wanted; by default the first one, with as many elements as fit into an answer.
public struct PageRequest: Equatable, Sendable {
    /// What `limit` can be.
    public static let limits = 1...1000

    /// The most elements; nil: as many as fit.
    public var limit: Int?
    /// The page begins after this element: ``PagedList/next`` of the page before.
    public var after: String?

    public init(limit: Int? = nil, after: String? = nil) {
        self.limit = limit
        self.after = after
    }

    /// As parameters of the request.
    public var parameters: [String] {
        [limit.map { "limit=\($0)" }, after.map { "after=\($0.percentEncoded)" }].compactMap(\.self)
    }
}

extension JobList: PagedList {
    public init() { self.init(jobs: []) }

    public var elements: [Job] {
        get { jobs }
        set { jobs = newValue }
    }
}

extension KeyList: PagedList {
    public init() { self.init(keys: []) }

    public var elements: [Key] {
        get { keys }
        set { keys = newValue }
    }
}

extension AccountList: PagedList {
    public init() { self.init(people: []) }

    public var elements: [Account] {
        get { people }
        set { people = newValue }
    }
}
