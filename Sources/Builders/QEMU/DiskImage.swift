import Foundation
import Provider
import SystemPackage

/// The qcow2 file with the initial content of a machine's disk (QEMU's docs/interop/qcow2.txt).
///
/// Many machines read it at once, and none writes to it.
struct DiskImage: Sendable, Hashable {
    let path: FilePath
    /// How many bytes the disk has for its users.
    let size: Int

    /// Nil if there is no such file.
    init?(_ path: FilePath) throws(MachineError) {
        guard FileManager.default.fileExists(atPath: path.string) else { return nil }
        guard let file = FileHandle(forReadingAtPath: path.string),
            let header = try? file.read(upToCount: 32),
            let size = Self.size(fromHeader: header)
        else { throw MachineError(.imageMissing, detail: "\(path) is not a qcow2 file.") }
        self.path = path
        self.size = size
    }

    /// "QFI\u{fb}", and at byte 24 the size; numbers are big-endian.
    static func size(fromHeader header: Data) -> Int? {
        guard header.count == 32, header.starts(with: [0x51, 0x46, 0x49, 0xfb]) else { return nil }
        let size = header.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return size > 0 && size < 1 << 50 ? Int(size) : nil
    }

    /// The most bytes that QEMU needs for a machine's changes: the whole disk, and its tables.
    var longestOverlay: Int { size + size / 64 + 16 << 20 }
}
