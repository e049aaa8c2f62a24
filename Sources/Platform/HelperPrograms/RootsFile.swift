import Glibc

/// A file that nobody but root can change or replace, as sshd demands it of its programs: sshd_config(5),
/// AuthorizedKeysCommand.
package enum RootsFile {
    /// What is wrong with it; nil: nothing.
    package static func objection(to path: String) -> String? { objection(to: path, for: R_OK, "read") }

    /// The same of a program, which can also be executed.
    package static func objection(toProgram path: String) -> String? {
        objection(to: path, for: X_OK, "executed")
    }

    private static func objection(to path: String, for mode: Int32, _ verb: String) -> String? {
        guard let resolved = realpath(path, nil) else {
            return "\(path): \(String(cString: strerror(errno)))"
        }
        defer { free(resolved) }
        var place = String(cString: resolved)
        guard access(place, mode) == 0 else {
            return "\(place) cannot be \(verb): \(String(cString: strerror(errno)))"
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
