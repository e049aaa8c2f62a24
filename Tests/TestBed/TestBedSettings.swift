/// The settings of a test bed: its parts, and its times.
public struct TestBedSettings: Codable, Sendable {
    /// The folder with the programs that were built.
    public var programs: String
    /// The program among them that serves builds, like sallyport-runner.
    public var runner = "sallyport-runner"
    /// The folder of images, one folder each.
    public var images: String
    /// The drop-in for sshd that the project ships.
    public var dropIn: String
    public var gateways: [Gateway]
    /// The people who get a key and a name in `ssh_config`; the service does not know them until their key is added.
    public var people: [String]
    public var accelerator = "auto"
    /// The allocator program of a pool `hpc`, one of those that were built; nil: there is no such pool.
    public var allocator: String?
    /// Whether it has a network of its own, with nothing but loopback, so that every port is free.
    public var hasOwnNetwork = false
    /// Builders at once; nil: as many as fit into memory.
    public var slots: Int?
    /// MiB of memory for each builder.
    public var memory = 512
    /// Seconds, as in `sallyport.toml`.
    public var keep = 600
    public var lease = 60
    public var maxLife = 3600
    /// Seconds after which sshd probes a silent client; nil: as the drop-in says.
    public var clientAliveInterval: Int?
    /// The owner of the client's files: the user who runs ssh with them.
    public var owner: UInt32
    public var ownerGroup: UInt32

    public init(
        programs: String, images: String, dropIn: String, gateways: [Gateway] = [.builds], people: [String],
        owner: UInt32, ownerGroup: UInt32
    ) {
        self.programs = programs
        self.images = images
        self.dropIn = dropIn
        self.gateways = gateways
        self.people = people
        self.owner = owner
        self.ownerGroup = ownerGroup
    }
}
