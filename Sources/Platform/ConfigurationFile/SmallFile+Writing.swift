import Glibc

extension SmallFile {
    /// Why a file has not been replaced.
    public struct NotReplaced: Error, Equatable {
        public let path: String
        /// errno(3)
        public let code: CInt
    }

    /// Replaces a file, or makes it, completely or not at all: what a reader finds after a crash is whole, too. One process at a
    /// time can do this to a file.
    ///
    /// - Parameters:
    ///   - folder: the descriptor of the folder in which the path begins.
    ///   - mode: who can read it, whatever the umask is; by default only its owner.
    public static func replace(
        _ path: String, in folder: CInt? = nil, with text: String, mode: UInt32 = 0o600
    ) throws(NotReplaced) {
        let folder = folder ?? AT_FDCWD
        // What a process has left that was killed is overwritten. Nobody leads us elsewhere by a link.
        let new = path + ".new"
        let descriptor = openat(
            folder, new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600 as mode_t)
        guard descriptor >= 0 else { throw NotReplaced(path: new, code: errno) }
        defer { close(descriptor) }
        guard fchmod(descriptor, mode) == 0 else { throw NotReplaced(path: new, code: errno) }
        var rest = ArraySlice(text.utf8)
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw NotReplaced(path: new, code: errno) }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0, renameat(folder, new, folder, path) == 0 else {
            throw NotReplaced(path: path, code: errno)
        }
        let parent = openat(
            folder, path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".",
            O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if parent >= 0 {
            fsync(parent)
            close(parent)
        }
    }
}
