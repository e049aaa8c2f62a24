import BuildAPI
import ConfigurationFile
import Provider

/// A place that builders come from, as jobs see it.
package struct Pool: Sendable {
    let name: String
    let provider: any BuilderProvider
    /// One line for people; nil: there is none.
    let description: String?
    /// Whether a machine of it can be known only by the host keys that it shows first.
    let acceptsFirstKeys: Bool
    /// See `Configuration.Runner.Pool`.
    private let configured: [Architecture]
    /// What its builders can be, as of the runner's start; empty: nobody here knows.
    let architectures: [Architecture]
    let tags: [String]
    /// Builders at once, kept ones included.
    let max: Int
    /// Seconds that an allocation can take.
    let timeout: Int
    /// The images that manifests can name; nil: only its provider knows, and a manifest can name none.
    let images: Images?
    /// Builders that are on their way load the host, or whoever makes them, so only some are at once.
    let starting: Gate

    /// - Parameter max: nil: as the configuration says, which must say it.
    init(
        _ name: String, _ configuration: Configuration.Runner.Pool, max: Int? = nil, images: Images?,
        provider: any BuilderProvider
    ) {
        self.name = name
        self.provider = provider
        description = configuration.description
        acceptsFirstKeys = configuration.hostKey == .firstUse
        configured = configuration.architectures
        architectures = images?.architectures ?? configured
        tags = configuration.tags
        self.max = max ?? configuration.max ?? 0
        timeout = configuration.timeout
        self.images = images
        starting = Gate(configuration.maxStarting)
    }

    /// What a builder is asked to be; nil: anything.
    ///
    /// - Parameter wish: the job's.
    func arch(for wish: Architecture?) -> Architecture? {
        wish ?? (configured.count == 1 ? configured[0] : nil)
    }

    /// Jobs of one owner that can run in it at once; nil: as many as there is room for.
    ///
    /// - Parameter configured: for every pool; nil: half of the builders, rounded up.
    func runningLimit(_ configured: Int?) -> Int? {
        let limit = configured ?? Swift.max(1, (max + 1) / 2)
        return limit < max ? limit : nil
    }
}

/// All pools of a runner.
package struct Pools: Sendable {
    /// `local` first, the others by name.
    let all: [Pool]

    package init(_ pools: [Pool]) {
        let local = Configuration.Runner.localPool
        all = pools.sorted { ($0.name == local ? "" : $0.name) < ($1.name == local ? "" : $1.name) }
    }

    subscript(_ name: String) -> Pool? { all.first { $0.name == name } }

    /// Whether people can choose.
    var areMany: Bool { all.count > 1 }

    /// The pool of manifests that name none; nil: there are several, and none of them is this host.
    var preferred: Pool? {
        let usable = all.filter { $0.max > 0 }
        if usable.count == 1 { return usable[0] }
        return all.first { $0.name == Configuration.Runner.localPool && ($0.max > 0 || usable.isEmpty) }
    }

    /// Those that a manifest can name and a builder can start from.
    var images: [Image] { all.compactMap(\.images).flatMap(\.list) }

    var hostAuthority: (key: String, user: String)? { all.lazy.compactMap(\.provider.hostAuthority).first }

    /// Builders at once.
    var max: Int { all.reduce(0) { $0 + $1.max } }
}
