public import BuildAPI

/// What a manifest in YAML means.
public struct Manifest: Codable, Equatable, Sendable {
    /// One script, run by `sh` in the builder.
    public struct Task: Codable, Equatable, Sendable {
        public var name: String
        public var script: String
    }

    /// A variable of the tasks' environment.
    public struct Variable: Codable, Equatable, Sendable {
        public var name: String
        public var value: String
    }

    /// The name of a folder among the images. Empty: none, where the images of the pool are unknown.
    public var image: String
    /// The name of the pool that the builder comes from; nil: of a manifest from before there were pools.
    public var pool: String?
    /// What the builder must be; nil: anything that the pool has.
    public var arch: Architecture?
    /// In the manifest's order.
    public var environment: [Variable] = []
    /// In the order in which they run.
    public var tasks: [Task] = []
    /// Whether the builder is kept after success too, if `keep` does not say.
    public var shell = false
    /// When the builder is kept; nil: as `shell` says.
    public var keep: KeepRule?
    /// Seconds from the builder's start to the end of the last task.
    public var timeout = Manifest.defaultTimeout

    /// Which files of the builder are kept; nil: none.
    public var artifacts: Artifacts?

    var keepRule: KeepRule { keep ?? (shell ? .always : .failure) }

    /// One hour.
    static let defaultTimeout = 3600
    /// Three days.
    static let longestTimeout = 72 * 3600
    /// Bytes of a whole manifest.
    static let maximumSize = 1 << 20
    static let maximumTasks = 100
}
