import Glibc

/// The path of the Unix socket that serves the API.
enum ListeningSocket {
    /// Makes the socket's folder. A socket that a dead runner left is replaced: the state folder's lock guarantees that
    /// no other runner uses it. Any other listener is left alone. The server itself refuses to replace anything that is
    /// not a socket.
    static func prepare(_ path: String) throws(RunnerError) {
        guard path.utf8.count <= 107 else {
            throw RunnerError(.failure, "The socket's path \(path) is longer than 107 bytes.")
        }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        if !folder.isEmpty {
            if mkdir(folder, 0o755) == 0 {
                // Whatever the umask is, the gateway's account must be able to reach the socket.
                chmod(folder, 0o755)
            } else if errno != EEXIST {
                let cause = String(cString: strerror(errno))
                throw RunnerError(.failure, "The folder \(folder) cannot be made: \(cause).")
            }
        }
        guard !isAlive(path) else {
            throw RunnerError(.failure, "Another program is listening on \(path).")
        }
    }

    private static func isAlive(_ path: String) -> Bool {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
