/// What an allocator orders of `sallyport-machine` on another host: one machine. It is a line of JSON in a batch script.
package struct MachineOrder: Codable, Equatable, Sendable {
    /// The folder of the image on that host.
    package var image: String
    /// What `sallyport-machine digest` prints for that folder, or there is no machine.
    package var digest: String
    /// MiB.
    package var memory: Int
    package var processors: Int
    /// `"automatic"`, `"kvm"` or `"tcg"`.
    package var accelerator: String
    /// The ports of which its SSH server gets one.
    package var firstPort: Int
    package var lastPort: Int
    /// The public keys that can log in, `<type> <base64>`.
    package var authorizedKeys: [String]
    /// After so many seconds the machine ends itself, whatever else happens.
    package var life: Int
    /// A folder on that host, in which the machine gets one of its own.
    package var folder: String
    /// The comment of its Slurm job, to which the report is added.
    package var comment: String

    /// The account that jobs get there.
    package static let user = "build"

    package init(
        image: String, digest: String, memory: Int, processors: Int, accelerator: String,
        ports: ClosedRange<Int>, authorizedKeys: [String], life: Int, folder: String, comment: String
    ) {
        self.image = image
        self.digest = digest
        self.memory = memory
        self.processors = processors
        self.accelerator = accelerator
        firstPort = ports.lowerBound
        lastPort = ports.upperBound
        self.authorizedKeys = authorizedKeys
        self.life = life
        self.folder = folder
        self.comment = comment
    }
}
