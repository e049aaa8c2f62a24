import Glibc
import SystemPackage

/// Writes a log to the disk.
extension LogFile.State {
    static let removed = Array("\n*** what was here has been removed ***\n".utf8)

    mutating func add(_ bytes: ArraySlice<UInt8>) {
        pending += bytes
        size += bytes.count
    }

    mutating func closeFile() {
        guard pending.isEmpty else { return }
        try? file?.close()
        file = nil
    }

    /// Writes as much as there is space for, each byte at its offset.
    mutating func write(to path: String) {
        do throws(Errno) {
            let file = try openFile(path)
            let end = Int(try file.stat().size)
            let (written, isNew) = (self.written, !pending.isEmpty)
            while !pending.isEmpty {
                let count = try Self.write(pending, to: file, at: self.written)
                pending.removeFirst(count)
            }
            // Someone has made the file shorter, so there is a hole after its end now. If it is large enough, say so in
            // it.
            if isNew, end + Self.removed.count <= written {
                _ = try? Self.write(Self.removed, to: file, at: end)
            }
            failure = nil
        } catch {
            failure = error
        }
    }

    /// The file that is at that path now. It can be a different one, because logs are renamed and removed.
    private mutating func openFile(_ path: String) throws(Errno) -> FileDescriptor {
        if let file {
            let own = try file.stat()
            if let other = try? Stat(FilePath(path)), other.inode == own.inode,
                other.deviceID == own.deviceID
            {
                return file
            }
            try? file.close()
            self.file = nil
        }
        // The job's folder, and the task's in it.
        let folder = FilePath(path).removingLastComponent()
        for folder in [folder.removingLastComponent(), folder] { mkdir(folder.string, 0o750) }
        do {
            let opened = try FileDescriptor.open(
                FilePath(path), .writeOnly, options: [.create, .closeOnExec],
                permissions: [
                    .ownerReadWrite, .groupRead,
                ])
            file = opened
            return opened
        } catch {
            throw error as? Errno ?? .ioError
        }
    }

    private static func write(_ bytes: [UInt8], to file: FileDescriptor, at offset: Int) throws(Errno) -> Int
    {
        do {
            return try bytes.withUnsafeBytes { try file.write(toAbsoluteOffset: Int64(offset), $0) }
        } catch {
            throw error as? Errno ?? .ioError
        }
    }
}
