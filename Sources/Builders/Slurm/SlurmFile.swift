import AllocatorPrograms
import AuthorizedKeys
import BuildAPI
package import ConfigurationFile
import Connections

/// `slurm.toml`: what is asked of the cluster for a builder, and which images its nodes have.
package struct SlurmFile: AllocatorFile, Equatable {
    /// An image as the nodes have it.
    package struct Image: Equatable, Sendable {
        /// Its folder on the nodes.
        package var folder: String
        /// What `sallyport-machine digest` prints for it.
        package var digest: String
        /// MiB that its builders have.
        package var memory: Int
        package var processors: Int
    }

    /// The file with Slurm's configuration; nil: where Slurm looks by itself.
    package var conf: String?
    package var partition: String?
    package var constraint: String?
    package var account: String?
    package var qos: String?
    /// The longest time limit, in minutes; nil: as long as a job can live.
    package var time: Int?
    /// Further options for sbatch(1).
    package var options: [String] = []
    /// By name.
    package var images: [String: Image] = [:]
    /// The image of jobs that name none; nil: they have to.
    package var image: String?
    package var accelerator = "automatic"
    /// The ports of a node at which its builders are reached.
    package var ports = 22000...22999
    /// The path of `sallyport-machine` on the nodes.
    package var program = "/usr/local/libexec/sallyport/sallyport-machine"
    /// The folder on the nodes in which builders have theirs.
    package var folder = "/tmp"
    /// The addresses of nodes for which the cluster's own do not lead there.
    package var addresses: [String: String] = [:]
    /// After so many seconds in the cluster's queue `allocate` answers that there is no builder now. The place in the queue stays.
    package var patience = 600

    package static let defaultPath = "/etc/sallyport/slurm.toml"
    /// MiB that QEMU and `sallyport-machine` need beside the guest's.
    package static let overhead = 256

    /// - Parameter path: for error messages.
    package static func parse(_ text: String, path: String) throws(ConfigurationError) -> SlurmFile {
        var document = try Document(text, path: path)
        var file = SlurmFile()
        file.conf = try document.path("slurm", "conf")
        file.partition = try document.text("slurm", "partition")
        file.constraint = try document.text("slurm", "constraint")
        file.account = try document.text("slurm", "account")
        file.qos = try document.text("slurm", "qos")
        file.time = try document.number("slurm", "time", in: 1...525_600)
        file.options = try document.texts("slurm", "options") ?? []
        if let option = file.options.first(where: { !SubmitOptions.isPossible($0) }) {
            throw document.error(
                "slurm", "options",
                "expected long options of sbatch that say no more than where a job runs, not \"\(option)\"")
        }
        let accelerators = ["automatic", "kvm", "tcg"]
        file.accelerator = try document.text("slurm", "accelerator") ?? file.accelerator
        guard accelerators.contains(file.accelerator) else {
            throw document.error("slurm", "accelerator", "expected \"automatic\", \"kvm\" or \"tcg\"")
        }
        file.ports = try ports(from: &document, default: file.ports)
        file.program = try document.path("slurm", "program", default: file.program)
        file.folder = try document.path("slurm", "folder", default: file.folder)
        guard file.folder.utf8.count <= 40 else {
            throw document.error(
                "slurm", "folder", "expected a path of at most 40 bytes: sockets are made there")
        }
        file.patience = try document.number("slurm", "wait", in: 10...86_400, default: file.patience)
        file.addresses = try document.pairs("slurm", "address")
        if let node = file.addresses.first(where: { AddressBlock($0.value, bytesOfIPv4: 4) == nil })?.key {
            throw document.error("slurm.address", node, "expected an IP address")
        }
        try file.readImages(from: &document)
        try document.refuseWhatNobodyAskedFor()
        return file
    }

    private static func ports(
        from document: inout Document, default fallback: ClosedRange<Int>
    ) throws(ConfigurationError) -> ClosedRange<Int> {
        guard let text = try document.text("slurm", "ports") else { return fallback }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last,
            (1024...65535).contains(first), (1024...65535).contains(last)
        else { throw document.error("slurm", "ports", "expected two ports, such as \"22000-22999\"") }
        return first...last
    }

    private mutating func readImages(from document: inout Document) throws(ConfigurationError) {
        let memory = try document.number("slurm", "memory", in: 128...4_194_304, default: 2048)
        let processors = try document.number("slurm", "cpus", in: 1...255, default: 1)
        for name in try document.tables(in: "slurm", "image") {
            let table = "slurm.image.\(name)"
            guard let folder = try document.path(table, "folder") else {
                throw document.error(table, "folder", "expected the image's folder on the nodes")
            }
            guard let digest = try document.text(table, "sha256"), digest.utf8.count == 64,
                digest.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
            else {
                throw document.error(table, "sha256", "expected what sallyport-machine digest prints")
            }
            images[name] = Image(
                folder: folder, digest: digest,
                memory: try document.number(table, "memory", in: 128...4_194_304, default: memory),
                processors: try document.number(table, "cpus", in: 1...255, default: processors))
        }
        guard !images.isEmpty else {
            throw document.error("slurm", "image", "expected tables [slurm.image.NAME]")
        }
        image = try document.text("slurm", "default_image") ?? (images.count == 1 ? images.keys.first : nil)
        if let image, images[image] == nil {
            throw document.error("slurm", "default_image", "there is no image \(image)")
        }
    }
}
