/// What all virtual machines of one runner have in common, and what each image changes.
public struct QEMUSettings: Sendable {
    /// What the builders of one image get.
    public struct Image: Sendable {
        /// MiB; nil: as much as others.
        public var memory: Int?
        public var processors: Int
        public var network: Network

        public init(memory: Int? = nil, processors: Int = 1, network: Network = .none) {
            self.memory = memory
            self.processors = processors
            self.network = network
        }
    }

    /// A folder of the runner's own. Paths of Unix sockets in it are short: each machine's folder there is its job's
    /// number.
    public var machines: String
    /// The folder of the sockets at which the gateways of this host reach builders.
    public var sockets: String
    /// The account of this host's gateway; nil: there is none.
    public var gateway: UInt32?
    /// The folder of images.
    public var images: String
    /// By the image's name; images without settings of their own are missing.
    public var imageSettings: [String: Image]
    /// MiB.
    public var memory: Int
    public var accelerator: Accelerator
    /// Where QEMU runs as a user of its own; nil: it runs as the runner's.
    public var namespace: BuilderNamespace?
    public var outbound: OutboundLimits
    /// The public keys that every builder accepts, `<type> <base64>`: the runner's own and the gateways'.
    public var authorizedKeys: [String]
    /// The file of the runner's own private key.
    public var identity: String
    /// The file of the private key that signs the host keys of every builder, and its public half.
    public var authority: (file: String, key: String)

    public init(
        machines: String, sockets: String, gateway: UInt32?, images: String, imageSettings: [String: Image],
        memory: Int,
        accelerator: Accelerator, namespace: BuilderNamespace?, outbound: OutboundLimits,
        authorizedKeys: [String], identity: String, authority: (file: String, key: String)
    ) {
        self.machines = machines
        self.sockets = sockets
        self.gateway = gateway
        self.images = images
        self.imageSettings = imageSettings
        self.memory = memory
        self.accelerator = accelerator
        self.namespace = namespace
        self.outbound = outbound
        self.authorizedKeys = authorizedKeys
        self.identity = identity
        self.authority = authority
    }
}
