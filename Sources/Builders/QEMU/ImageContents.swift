public import BuildAPI
import Foundation
public import SystemPackage

/// What the folder of one image says about it.
public struct ImageContents: Sendable {
    private let path: FilePath
    /// The file with one line about what the image contains.
    private static let descriptionFile = "description"
    /// The file with the name of its architecture.
    private static let architectureFile = "architecture"
    /// In bytes.
    private static let longestLine = 4096

    public init(_ path: FilePath) {
        self.path = path
    }

    /// Whether builders can start from it.
    public var isComplete: Bool { BuilderHost.startFault(inImage: path) == nil }

    /// Its first line; nil: the image does not say what it contains.
    public var description: String? { line(of: Self.descriptionFile) }

    /// The host's, unless the image says something else; nil: that is none that builders can have.
    public var architecture: Architecture? { hardware?.architecture }

    var hardware: GuestHardware? {
        guard let word = line(of: Self.architectureFile) else { return .host }
        return GuestHardware.all.first { $0.architecture == Architecture(word) }
    }

    /// Why no builder can have its architecture; nil: builders can.
    var architectureFault: String? {
        guard hardware == nil else { return nil }
        let known = GuestHardware.all.map(\.architecture.description).joined(separator: " nor ")
        return "\(path.appending(Self.architectureFile)): it is neither \(known)"
    }

    private func line(of name: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path.appending(name).string),
            let bytes = try? file.read(upToCount: Self.longestLine)
        else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first
        return line.map(String.init)
    }

    /// In bytes; nil: it has no disk, or an unreadable one.
    public var diskSize: Int? {
        (try? DiskImage(MachineSpecification.files(ofImage: path).disk))?.size
    }
}
