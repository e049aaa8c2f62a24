import Glibc

/// The runner's folder, locked for as long as this value lives.
struct StateFolder: ~Copyable {
    let path: String
    private let lock: CInt

    /// Creates what is missing, and makes sure that there is no other runner.
    init(_ path: String) throws(RunnerError) {
        self.path = path
        lock = try Self.lockedFolder(path)
        IncomingSource.removeAll(in: path)
    }

    deinit {
        // A process that is just being started may have the descriptor for a moment longer.
        flock(lock, LOCK_UN)
        close(lock)
    }

    /// Takes away what an earlier runner, started with another umask, has let everyone on this host read.
    ///
    /// - Returns: a sentence about each file or folder.
    func tighten() -> [String] {
        var sentences: [String] = []
        for name in [
            "lock", "runner.sqlite", "runner.sqlite-wal", "runner.sqlite-shm", "identity", "host_authority",
            "logs", "machines", "sources",
        ] {
            let file = "\(path)/\(name)"
            var status = stat()
            guard stat(file, &status) == 0, status.st_mode & 0o007 != 0 else { continue }
            let mode = status.st_mode & 0o7777
            let open = "\(file) was open to every user (mode \(String(mode, radix: 8)))"
            if chmod(file, mode & ~0o007) == 0 {
                sentences.append("\(open); now it is not")
            } else {
                sentences.append("\(open), and cannot be closed: \(String(cString: strerror(errno)))")
            }
        }
        return sentences
    }

    private static func lockedFolder(_ path: String) throws(RunnerError) -> CInt {
        for folder in [
            path, "\(path)/logs", "\(path)/machines", "\(path)/sources", IncomingSource.folder(in: path),
        ] {
            guard mkdir(folder, 0o750) == 0 || errno == EEXIST else {
                throw unusable(errno, "the folder \(folder) cannot be made")
            }
        }
        let lock = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw unusable(errno, "the folder \(path) cannot be used") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw RunnerError(.failure, "Another runner is using \(path).")
        }
        return lock
    }

    /// Whoever starts the runner can be another user than the folder's owner.
    ///
    /// - Parameter code: errno.
    private static func unusable(_ code: CInt, _ what: String) -> RunnerError {
        let cause = String(cString: strerror(code))
        let remedy =
            code == EACCES || code == EPERM
            ? " The runner is uid \(geteuid()): start it as the folder's owner, or give that user the folder."
            : ""
        return RunnerError(.failure, "runner.state_dir: \(what): \(cause).\(remedy)")
    }
}
