import BuildAPI
import ConfigurationFile
import Foundation
import QEMU
import SystemPackage

/// The images that jobs can start from: the folders in `[runner] images`.
struct Images: Sendable {
    private let folder: String
    private let memory: Int
    private let settings: [String: Configuration.Runner.Image]

    init(_ settings: Settings) {
        folder = settings.images
        memory = settings.memory
        self.settings = settings.imageSettings
    }

    /// - Parameter name: safe as the name of a folder.
    func contains(_ name: String) -> Bool { access("\(folder)/\(name)", F_OK) == 0 }

    /// In alphabetical order, only those that a manifest can name and a builder can start from.
    var names: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter {
            ManifestReader.isImageName($0) && ImageFolder(FilePath(folder).appending($0)).isComplete
        }.sorted()
    }

    var list: [Image] {
        names.map { name in
            let settings = settings[name] ?? .init()
            let files = ImageFolder(FilePath(folder).appending(name))
            return Image(
                name: name, description: settings.description ?? files.description,
                memory: settings.memory ?? memory, cpus: settings.processors,
                network: settings.network == .outbound ? .outbound : .nothing, disk: files.diskSize)
        }
    }
}
