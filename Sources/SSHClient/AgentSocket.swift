import Glibc

/// A connection to the client's agent, non-blocking; `deinit` closes it.
struct AgentSocket: ~Copyable {
    let descriptor: CInt

    deinit {
        close(descriptor)
    }

    private init(adopting descriptor: CInt) {
        self.descriptor = descriptor
    }

    /// Nil if nothing answers there, or if it is not what sshd makes: a socket that belongs to this account. A
    /// variable that an administrator lets clients send must not lead to other people's agents.
    ///
    /// - Parameter account: this process's own.
    static func connected(to path: String, of account: uid_t = geteuid()) -> AgentSocket? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == account
        else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        // With the NUL after it.
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }

        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return nil }
        let agent = AgentSocket(adopting: descriptor)
        // At once or not at all: a connection of unix(7) is never in progress.
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { return nil }
        return agent
    }

    /// Tells the agent that nothing more will come.
    func endWriting() {
        shutdown(descriptor, CInt(SHUT_WR))
    }
}
