import Glibc

/// A program that nobody but root can replace, as sshd demands it of its own: sshd_config(5), AuthorizedKeysCommand.
enum RootsProgram {
    /// What is wrong with it; nil: nothing.
    static func objection(to path: String) -> String? {
        guard let resolved = realpath(path, nil) else {
            return "\(path): \(String(cString: strerror(errno)))"
        }
        defer { free(resolved) }
        var place = String(cString: resolved)
        guard access(place, X_OK) == 0 else {
            return "\(place) cannot be executed: \(String(cString: strerror(errno)))"
        }
        while true {
            var status = stat()
            guard stat(place, &status) == 0 else { return "\(place): \(String(cString: strerror(errno)))" }
            guard status.st_uid == 0, status.st_mode & 0o022 == 0 else {
                return "\(place) must belong to root, and nobody else may be able to write to it"
            }
            guard place != "/", let slash = place.lastIndex(of: "/") else { return nil }
            place = slash == place.startIndex ? "/" : String(place[..<slash])
        }
    }
}
