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

    /// The image that a manifest means by that name; nil: there is none that a builder can start from. An alias comes before an image of that name.
    func resolve(_ name: String) -> String? {
        let image = aliases[name] ?? name
        return ImageName.isValid(image) && names.contains(image) && contents(of: image).isComplete
            ? image : nil
    }

    /// Those that a manifest can name and a builder can start from.
    var list: [Image] {
        names.filter { ImageName.isValid($0) && contents(of: $0).isComplete }.map { name in
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
