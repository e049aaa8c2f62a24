import QEMU

/// The images that manifests can name: those in the folder of images, and other names that the administrator has given
/// them.
struct Images: Sendable {
    private let folder: ImageFolder
    /// What each other name stands for.
    private let aliases: [String: String]

    init(folder: String, aliases: [String: String] = [:]) {
        self.folder = ImageFolder(folder)
        self.aliases = aliases
    }

    /// The images there are now, without their other names, sorted.
    var names: [String] { (try? folder.names()) ?? [] }

    /// The folder of an image.
    func path(of image: String) -> String { "\(folder.path)/\(image)" }

    /// The image that a manifest means by that name; nil: there is none. An alias comes before an image of that name.
    func resolve(_ name: String) -> String? {
        let image = aliases[name] ?? name
        return ImageName.isValid(image) && names.contains(image) ? image : nil
    }
}
