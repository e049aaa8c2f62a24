import Glibc
import SystemPackage

/// Small text files. An error names the file.
enum Files {
    private static func naming<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as Errno {
            throw TestBedError("\(path): \(error)")
        }
    }

    /// Writes a whole file with exactly this mode and owner.
    static func write(
        _ text: String, to path: String, mode: mode_t = 0o644, owner: (user: uid_t, group: gid_t) = (0, 0)
    ) throws {
        let file = try naming(path) {
            try FileDescriptor.open(
                FilePath(path), .writeOnly, options: [.create, .truncate],
                permissions: FilePermissions(rawValue: 0o600))
        }
        try file.closeAfter {
            _ = try file.writeAll(text.utf8)
            guard fchown(file.rawValue, owner.user, owner.group) == 0, fchmod(file.rawValue, mode) == 0
            else { throw Errno(rawValue: errno) }
        }
    }

    /// Makes a folder with exactly this mode and owner.
    static func makeFolder(
        _ path: String, mode: mode_t = 0o755, owner: (user: uid_t, group: gid_t) = (0, 0)
    ) throws {
        try naming(path) {
            guard mkdir(path, 0o700) == 0, chown(path, owner.user, owner.group) == 0, chmod(path, mode) == 0
            else { throw Errno(rawValue: errno) }
        }
    }

    static func read(_ path: String) throws -> String {
        let file = try naming(path) { try FileDescriptor.open(FilePath(path), .readOnly) }
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
                if count == 0 { break }
                bytes += buffer[..<count]
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// The last lines of a log; empty if it cannot be read.
    static func tail(_ path: String, lines: Int = 20) -> String {
        guard let text = try? read(path) else { return "" }
        return text.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }
}
