import Glibc

/// Why a program cannot connect to a Unix socket, in an administrator's words: unix(7), path_resolution(7).
///
/// Every client of the build service's socket uses these words: libcurl's say neither which socket nor why.
public enum SocketFailure {
    /// The socket's path, what errno says and, where it can be seen, what is in the way:
    /// `/run/sallyport/api.sock: Permission denied (uid 998 cannot enter /run/sallyport)`.
    ///
    /// - Parameter code: the errno of connect(2).
    public static func describe(_ path: String, errno code: CInt) -> String {
        describe(path, errno: code, isAllowed: isAllowed)
    }

    /// - Parameter isAllowed: what access(2) says.
    static func describe(
        _ path: String, errno code: CInt, isAllowed: (_ path: String, _ mode: CInt) -> Bool
    ) -> String {
        let words = "\(path): \(String(cString: strerror(code)))"
        guard let obstacle = obstacle(on: path, code, isAllowed) else { return words }
        return "\(words) (\(obstacle))"
    }

    private static func obstacle(
        on path: String, _ code: CInt, _ isAllowed: (_ path: String, _ mode: CInt) -> Bool
    ) -> String? {
        switch code {
        case EACCES:
            if let folder = folders(of: path).first(where: { !isAllowed($0, X_OK) }) {
                return "uid \(geteuid()) cannot enter \(folder)"
            }
            return isAllowed(path, W_OK) ? nil : "uid \(geteuid()) cannot write to it"
        case ENOENT:
            return folders(of: path).first { kind(of: $0) == nil }.map { "there is no \($0)" }
        case ENOTDIR:
            return folders(of: path).first { kind(of: $0) != S_IFDIR }.map { "\($0) is not a folder" }
        case ECONNREFUSED:
            return kind(of: path) == S_IFSOCK ? "no program listens on it" : "it is not a socket"
        default: return nil
        }
    }

    /// The folders on the way to a file, from the root on.
    private static func folders(of path: String) -> [String] {
        path.indices.filter { path[$0] == "/" && $0 != path.startIndex }.map { String(path[..<$0]) }
    }

    /// By the ids that count when files are opened: faccessat(2).
    private static func isAllowed(_ path: String, _ mode: CInt) -> Bool {
        faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0
    }

    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }
}
