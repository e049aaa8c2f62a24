import CLinux
import Glibc

/// A TCP connection that is being made; closed at the end.
struct Socket: ~Copyable {
    let descriptor: CInt

    deinit {
        close(descriptor)
    }

    /// Somebody else has closed the descriptor already.
    consuming func forget() {
        discard self
    }

    private init(adopting descriptor: CInt) {
        self.descriptor = descriptor
    }

    /// Starts to connect; `connectionError()` tells how it went once the socket is writable.
    ///
    /// - Parameter address: an IPv4 or IPv6 literal.
    static func connecting(to address: String, port: UInt16) throws(SSHClientError) -> Socket {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, String(port), &hints, &list) == 0, let entry = list else {
            throw SSHClientError(.misconfigured, "not an IP address and port: \(address) \(port)")
        }
        defer { freeaddrinfo(list) }
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(entry.pointee.ai_family, type, 0)
        guard descriptor >= 0 else {
            throw SSHClientError(.unreachable, "socket: \(String(cString: strerror(errno)))")
        }
        let connecting = Socket(adopting: descriptor)
        connecting.set(TCP_NODELAY)
        if connect(descriptor, entry.pointee.ai_addr, entry.pointee.ai_addrlen) != 0, errno != EINPROGRESS {
            throw SSHClientError(.unreachable, "connect: \(String(cString: strerror(errno)))")
        }
        return connecting
    }

    /// Zero once connected, else the errno of the failure.
    func connectionError() -> CInt {
        var error: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno
    }

    /// Tells the other side that nothing more comes from us.
    func sendEndOfFile() {
        shutdown(descriptor, CInt(SHUT_WR))
    }

    /// Sends the next acknowledgement at once. During set-up the *server* waits for it, and delayed it costs 40 ms; the
    /// kernel forgets the option, so it is set each time something can be read.
    func acknowledgeAtOnce() {
        set(TCP_QUICKACK)
    }

    /// libssh makes the descriptor blocking once it has connected.
    func makeNonBlocking() {
        let flags = sp_fcntl(descriptor, F_GETFL, 0)
        if flags >= 0 { _ = sp_fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) }
    }

    /// Bytes that can be read without waiting.
    func readable() -> Int {
        Int(sp_readable(descriptor))
    }

    private func set(_ option: CInt) {
        var on: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), option, &on, socklen_t(MemoryLayout<CInt>.size))
    }
}
