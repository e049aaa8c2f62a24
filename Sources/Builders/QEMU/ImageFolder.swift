import Foundation
import SystemPackage

/// The folder of images. An image is a folder in it, such as `debian`, or in one of those, such as `alpine/3.20`.
public struct ImageFolder: Sendable {
    public let path: String
    /// How many parts the name of an image can have.
    private static let depth = 4

    public init(_ path: String) {
        self.path = path
    }

    /// The names of all images, also of incomplete ones, sorted. It throws if the folder cannot be listed.
    public func names() throws -> [String] {
        try names(below: "", depth: 1).sorted()
    }

    /// A folder without a kernel that has folders in it only leads to images; in an image's own folder, only those with a
    /// kernel are images.
    private func names(below parent: String, depth: Int) throws -> [String] {
        var names: [String] = []
        for name in try folders(in: parent) {
            let name = parent + name
            let below = depth < Self.depth ? (try? self.names(below: name + "/", depth: depth + 1)) ?? [] : []
            if hasKernel(name) {
                names += [name] + below.filter(hasKernel)
            } else {
                names += below.isEmpty ? [name] : below
            }
        }
        return names
    }

    private func hasKernel(_ name: String) -> Bool {
        let files = MachineSpecification.files(ofImage: FilePath(path).appending(name))
        return FileManager.default.fileExists(atPath: files.kernel.string)
    }

    private func folders(in parent: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(parent)").filter { name in
            var isFolder: ObjCBool = false
            return name.first != "."
                && FileManager.default.fileExists(atPath: "\(path)/\(parent)\(name)", isDirectory: &isFolder)
                && isFolder.boolValue
        }
    }
}
