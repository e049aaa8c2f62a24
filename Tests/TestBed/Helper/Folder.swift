import CLinux
import Glibc
import SystemPackage

/// The temporary folder of a test bed. Root owns it, under /var/lib, because sshd runs no program that others could
/// replace.
///
/// A killed test bed leaves its folder, and the next one removes it. A lock that a live helper holds tells the two
/// apart.
struct Folder: Sendable {
    static let parent = "/var/lib"
    /// Short: below it are the control sockets of people's ssh, and a socket's path has at most 107 bytes.
    static let prefix = "sallyport-bed."

    let path: String
    /// Kept as long as the helper lives.
    private let lock: FileDescriptor

    /// Removes what killed test beds have left, and makes a new folder.
    static func create() async throws -> Folder {
        try await sweep()
        var template = Array((parent + "/" + prefix + "XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw TestBedError("no folder could be made under \(parent): \(Errno(rawValue: errno))")
        }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let lock = try lockFile(in: path) else { throw TestBedError("the lock of \(path) is taken") }
        guard chmod(path, 0o755) == 0 else { throw Errno(rawValue: errno) }
        return Folder(path: path, lock: lock)
    }

    /// Removes the folder and everything in it, mounts first.
    func remove() async {
        _ = try? await Command.run(["umount", "--lazy", "\(path)/machine"])
        _ = try? await Command.run(["rm", "-rf", "--one-file-system", path])
    }

    private static func sweep() async throws {
        let listing = try await Command.run(
            ["find", parent, "-maxdepth", "1", "-type", "d", "-user", "root", "-name", prefix + "*"])
        for path in listing.text.split(separator: "\n").map(String.init) {
            guard let lock = try? lockFile(in: path) else { continue }
            await Folder(path: path, lock: lock).remove()
            try? lock.close()
        }
    }

    /// Nil if a live helper has it.
    private static func lockFile(in path: String) throws -> FileDescriptor? {
        let file = try FileDescriptor.open(
            FilePath(path + "/lock"), .readWrite, options: [.create, .closeOnExec],
            permissions: .ownerReadWrite)
        if flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 { return file }
        try file.close()
        return nil
    }
}
