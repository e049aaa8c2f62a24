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

    /// A folder without a kernel that has folders in it only leads to images.
    private func names(below parent: String, depth: Int) throws -> [String] {
        var names: [String] = []
        for name in try folders(in: parent) {
            let name = parent + name
            let kernel = MachineSpecification.files(ofImage: FilePath(path).appending(name)).kernel.string
            if depth < Self.depth, !FileManager.default.fileExists(atPath: kernel),
                let below = try? self.names(below: name + "/", depth: depth + 1), !below.isEmpty
            {
                names += below
            } else {
                names.append(name)
            }
        }
        return names
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
