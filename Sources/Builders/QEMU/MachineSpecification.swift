public import BuilderSocket
public import Provider
public import SystemPackage
public import TaskChannel

/// The specification of a builder.
public struct MachineSpecification: Sendable, Hashable {
    /// The machine's own state folder (made 0700). Its path can have at most 96 bytes, because of the socket in it.
    public var folder: FilePath
    /// The folder with `vmlinuz`, `initramfs.cpio.gz` and, for a machine with a disk, `root.qcow2`.
    public var image: FilePath
    /// Memory in MiB. Files in a builder without a disk live in it too.
    public var memory: Int
    /// The number of virtual processors.
    public var processors: Int
    /// Where it is reached, if QEMU is in a network namespace of its own.
    public var socket: BuilderSocket
    /// Where it is reached otherwise.
    public var place: HostPort
    /// Whether QEMU runs in the foreground, and is killed when this process ends, however it ends. Then it has neither a
    /// namespace nor a network.
    public var endsWithUs: Bool
    /// What it can reach.
    public var network: Network
    /// How much of it.
    public var outbound: OutboundLimits
    /// How instructions are executed.
    public var accelerator: Accelerator
    /// Where QEMU runs as a user of its own; nil: it runs as the runner's.
    public var namespace: BuilderNamespace?
    /// The public keys that can log in, `<type> <base64>`.
    public var authorizedKeys: [String]
    /// The file with the runner's private key, whose public half must be among `authorizedKeys`.
    public var identity: FilePath
    /// Nil: the host keys are not certified.
    public var hostCertificate: HostCertificate?
    /// Seconds from boot to the machine's first deadline, which applies until `setDeadline` is called.
    public var life: Int
    /// The machine's own watchdog ends it this many seconds after a deadline.
    public var grace: Int
    /// What it is allocated as; nil: for nobody.
    public var allocation: AllocationID?

    public init(
        folder: FilePath, image: FilePath, socket: BuilderSocket? = nil, place: HostPort = .loopback,
        endsWithUs: Bool = false, memory: Int = 512, processors: Int = 1, network: Network = .none,
        outbound: OutboundLimits = OutboundLimits(),
        accelerator: Accelerator = .automatic, namespace: BuilderNamespace? = nil, authorizedKeys: [String],
        identity: FilePath,
        hostCertificate: HostCertificate? = nil, life: Int = 3600, grace: Int = 600,
        allocation: AllocationID? = nil
    ) {
        self.folder = folder
        self.image = image
        self.socket = socket ?? BuilderSocket(path: folder.appending("builder.sock").string)
        self.place = place
        self.endsWithUs = endsWithUs
        self.memory = memory
        self.processors = processors
        self.network = network
        self.outbound = outbound
        self.accelerator = accelerator
        self.namespace = namespace
        self.authorizedKeys = authorizedKeys
        self.identity = identity
        self.hostCertificate = hostCertificate
        self.life = life
        self.grace = grace
        self.allocation = allocation
    }

    /// Whether QEMU is in a network namespace of its own.
    var hasOwnNetwork: Bool {
        network == .outbound || namespace.map { $0.networkObstacle == nil } ?? false
    }

    /// What is in the folder of an image. The disk is missing for machines whose files live in their memory.
    static func files(ofImage folder: FilePath) -> (kernel: FilePath, initramfs: FilePath, disk: FilePath) {
        (
            folder.appending("vmlinuz"), folder.appending("initramfs.cpio.gz"),
            folder.appending("root.qcow2")
        )
    }

    /// The user that people log in as and tasks run as.
    public var user: String { MachineSpecification.user }
    public static let user = "build"
}

/// What a builder can reach. SSH reaches the builder in any case.
public enum Network: Sendable, Hashable {
    /// Nothing.
    case none
    /// The internet, but neither the host nor private networks: see ``OutboundNetwork``.
    case outbound
}

/// How a builder's instructions are executed.
public enum Accelerator: String, Sendable, Hashable, Codable {
    /// KVM if one of our guests boots with it, otherwise software.
    case automatic
    /// The processor itself.
    case kvm
    /// Software.
    case tcg
}
