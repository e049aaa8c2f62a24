import Foundation
import Testing

/// Makes the disk look full for one file: full(4).
enum FullDisk {
    /// - Parameter path: of a file that does not exist yet.
    static func begin(at path: String) throws {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try #require(symlink("/dev/full", path) == 0)
    }

    static func end(at path: String) throws {
        try #require(unlink(path) == 0)
    }
}
