import BuildAPI
import ConfigurationFile
import QEMU
import SystemPackage

/// The images that manifests can name: those in the folder of images, and other names that the administrator has given
/// them.
struct Images: Sendable {
    private let folder: ImageFolder
    /// What each other name stands for.
    private let aliases: [String: String]
    private let settings: [String: Configuration.Runner.Image]
    /// MiB, unless the settings of an image say otherwise.
    private let memory: Int

    init(
        folder: String, aliases: [String: String] = [:], settings: [String: Configuration.Runner.Image] = [:],
        memory: Int = Configuration.Runner().memory
    ) {
        self.folder = ImageFolder(folder)
        self.aliases = aliases
        self.settings = settings
        self.memory = memory
    }

    /// The images there are now, without their other names, sorted.
    var names: [String] { (try? folder.names()) ?? [] }

    /// The folder of an image.
    func path(of image: String) -> String { "\(folder.path)/\(image)" }

    /// The image that a manifest means by that name; nil: there is none that a builder can start from. An alias comes before an
    /// image of that name. If that is not for the architecture, it is the image of the same name in the folder of the
    /// architecture: `arm64/debian` for `debian`.
    ///
    /// - Parameter arch: what the builder must be; nil: anything.
    func resolve(_ name: String, for arch: Architecture? = nil) -> String? {
        let image = aliases[name] ?? name
        guard ImageName.isValid(image) else { return nil }
        let names = names
        let places = [image] + (arch.map { $0.names.map { "\($0)/\(image)" } } ?? [])
        return places.first { place in
            names.contains(place) && contents(of: place).isComplete
                && (arch == nil || architecture(of: place) == arch)
        }
    }

    /// What the builders of an image are; nil: nothing that a builder can be.
    func architecture(of image: String) -> Architecture? { contents(of: image).architecture }

    /// Those of all images that a builder can start from, this host's first.
    var architectures: [Architecture] {
        let all = Set(list.compactMap { architecture(of: $0.name) })
        return [.host] + all.subtracting([.host]).sorted { $0.description < $1.description }
    }

    /// Those that a manifest can name and a builder can start from; this host's architecture comes first.
    var list: [Image] {
        let usable = names.filter { ImageName.isValid($0) && contents(of: $0).isComplete }
        let own = usable.filter { architecture(of: $0) == .host }
        return (own + usable.filter { !own.contains($0) }).map { name in
            let settings = settings[name] ?? .init()
            let contents = contents(of: name)
            return Image(
                name: name, description: settings.description ?? contents.description,
                memory: settings.memory ?? memory, cpus: settings.processors,
                network: settings.network == .outbound ? .outbound : .nothing, disk: contents.diskSize)
        }
    }

    private func contents(of image: String) -> ImageContents { ImageContents(FilePath(path(of: image))) }
}
