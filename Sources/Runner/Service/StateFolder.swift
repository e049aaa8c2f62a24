import Glibc

/// The runner's folder, locked for as long as this value lives.
struct StateFolder: ~Copyable {
    let path: String
    private let lock: CInt

    /// Creates what is missing, and makes sure that there is no other runner.
    init(_ path: String) throws(RunnerError) {
        self.path = path
        lock = try Self.lockedFolder(path)
    }

    deinit {
        close(lock)
    }

    private static func lockedFolder(_ path: String) throws(RunnerError) -> CInt {
        for folder in [path, "\(path)/logs", "\(path)/machines"] {
            guard mkdir(folder, 0o750) == 0 || errno == EEXIST else {
                throw RunnerError(
                    .failure, "The folder \(folder) cannot be made: \(String(cString: strerror(errno))).")
            }
        }
        let lock = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw RunnerError(
                .failure, "The folder \(path) cannot be used: \(String(cString: strerror(errno))).")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw RunnerError(.failure, "Another runner is using \(path).")
        }
        return lock
    }
}
