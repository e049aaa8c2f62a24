import CLinux
import EventLoop
import Glibc

/// A TCP connection, from its first packet on, and the loop's watch on it; the last reference ends both.
final class Socket {
    let descriptor: CInt
    private let watch: Watch

    deinit {
        watch.cancel()
        close(descriptor)
    }

    private init(adopting descriptor: CInt, watch: Watch) {
        self.descriptor = descriptor
        self.watch = watch
    }

    /// Starts to connect. When the socket is ready, which at first means writable, `connectionError()` has the result.
    ///
    /// - Parameters:
    ///   - address: an IPv4 or IPv6 literal.
    ///   - ready: called by the loop for each of the events in `awaited`.
    static func connecting(
        to address: String, port: UInt16, on loop: EventLoop, ready: @escaping () -> Void
    ) throws(SSHClientError) -> Socket {
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
        let connecting = Socket(
            adopting: descriptor, watch: loop.watch(descriptor, for: .writable) { _ in ready() })
        connecting.set(TCP_NODELAY)
        if connect(descriptor, entry.pointee.ai_addr, entry.pointee.ai_addrlen) != 0, errno != EINPROGRESS {
            throw SSHClientError(.unreachable, "connect: \(String(cString: strerror(errno)))")
        }
        return connecting
    }

    /// The events that the loop waits for. Empty: none.
    var awaited: Watch.Events {
        get { watch.events }
        set { watch.events = newValue }
    }

    /// Zero when connected, otherwise the errno of the failure.
    func connectionError() -> CInt {
        var error: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno
    }

    /// Tells the other side that we send nothing more.
    func sendEndOfFile() {
        shutdown(descriptor, CInt(SHUT_WR))
    }

    /// Sends the next acknowledgement at once. During set-up the *server* waits for it, and a delayed one costs 40
    /// ms. The kernel forgets the option, so it is set each time something can be read.
    func acknowledgeAtOnce() {
        set(TCP_QUICKACK)
    }

    /// libssh makes the descriptor blocking when it has connected.
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
