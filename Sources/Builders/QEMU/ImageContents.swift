import Foundation
public import SystemPackage

/// What the folder of one image says about it.
public struct ImageContents: Sendable {
    private let path: FilePath
    /// The file with one line about what the image contains.
    private static let descriptionFile = "description"
    private static let longestDescription = 4096

    public init(_ path: FilePath) {
        self.path = path
    }

    /// Whether builders can start from it.
    public var isComplete: Bool { BuilderHost.startFault(inImage: path) == nil }

    /// Its first line; nil: the image does not say what it contains.
    public var description: String? {
        guard let file = FileHandle(forReadingAtPath: path.appending(Self.descriptionFile).string),
            let bytes = try? file.read(upToCount: Self.longestDescription)
        else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first
        return line.map(String.init)
    }

    /// In bytes; nil: it has no disk, or an unreadable one.
    public var diskSize: Int? {
        (try? DiskImage(MachineSpecification.files(ofImage: path).disk))?.size
    }
}
