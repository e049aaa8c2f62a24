/// What a job's builder can start from (API v1: *image*).
public struct Image: Codable, Equatable, Sendable {
    /// As a manifest names it.
    public var name: String
    /// One line about what it contains.
    public var description: String?
    /// MiB of memory of its builders.
    public var memory: Int?
    /// Processors of its builders.
    public var cpus: Int?
    /// What its builders can reach.
    public var network: Network?
    /// Bytes; nil: all files are in memory, or the service does not say.
    public var disk: Int?

    public init(
        name: String, description: String? = nil, memory: Int? = nil, cpus: Int? = nil,
        network: Network? = nil, disk: Int? = nil
    ) {
        self.name = name
        self.description = description
        self.memory = memory
        self.cpus = cpus
        self.network = network
        self.disk = disk
    }

    /// A word of API v1. Readers accept the words of later versions too.
    public struct Network: RawRepresentable, Codable, Hashable, Sendable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// Nothing.
        public static let nothing = Network(rawValue: "none")
        /// The internet, but neither the service's host nor private networks.
        public static let outbound = Network(rawValue: "outbound")
    }
}

/// The answer to `GET /v1/images`.
public struct ImageList: Codable, Equatable, Sendable {
    public var images: [Image]

    public init(images: [Image]) {
        self.images = images
    }
}
