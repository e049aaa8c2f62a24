import Glibc

/// A lock in a ``StateFolder``, which ends with this value, or with the process.
package final class FolderLock: Sendable {
    private let descriptor: Int32
    private let name: String
    private let folder: StateFolderDescriptor

    /// Nil: another process has it, and nobody waits for that.
    ///
    /// Throws errno(3).
    init?(_ name: String, in folder: StateFolderDescriptor, waits: Bool) throws(FileFault) {
        self.name = name
        self.folder = folder
        while true {
            let descriptor = openat(
                folder.number, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600 as mode_t)
            guard descriptor >= 0 else { throw FileFault(code: errno) }
            var code = Self.lock(descriptor, waits: waits)
            var status = stat()
            if code == 0, fstat(descriptor, &status) != 0 { code = errno }
            guard code != 0 || status.st_nlink == 0 else {
                self.descriptor = descriptor
                return
            }
            close(descriptor)
            // Whoever had it has removed it: the name is free, or has another file now.
            guard code != 0 else { continue }
            guard code == EWOULDBLOCK else { throw FileFault(code: code) }
            return nil
        }
    }

    struct FileFault: Error { var code: Int32 }

    private static func lock(_ descriptor: Int32, waits: Bool) -> Int32 {
        while flock(descriptor, LOCK_EX | (waits ? 0 : LOCK_NB)) != 0 {
            if errno != EINTR { return errno }
        }
        return 0
    }

    /// Removes its file: nobody needs the name any more. The lock itself ends as ever.
    package func removeFile() { _ = unlinkat(folder.number, name, 0) }

    deinit {
        // A program that is just being started may have the descriptor, too.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}

/// An open folder.
final class StateFolderDescriptor: Sendable {
    let number: Int32

    init(takingOwnershipOf number: Int32) { self.number = number }

    deinit { close(number) }
}
