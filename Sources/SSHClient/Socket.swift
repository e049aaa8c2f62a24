import CLinux
import EventLoop
import Glibc

/// A connection, and the loop's watch on it; the last reference ends both.
final class Socket {
    let descriptor: CInt
    private let watch: Watch
    private let bridge: StreamBridge?

    deinit {
        watch.cancel()
        close(descriptor)
    }

    /// - Parameters:
    ///   - descriptor: of a connection, from ``EndpointOpening``.
    ///   - bridge: what carries its bytes, if it does not lead to the builder by itself.
    ///   - ready: called by the loop for each of the events in `awaited`.
    init(
        takingOwnershipOf descriptor: CInt, over bridge: StreamBridge? = nil, on loop: EventLoop,
        ready: @escaping () -> Void
    ) {
        self.descriptor = descriptor
        self.bridge = bridge
        watch = loop.watch(descriptor, for: []) { _ in ready() }
    }

    /// The events that the loop waits for. Empty: none.
    var awaited: Watch.Events {
        get { watch.events }
        set { watch.events = newValue }
    }

    /// Tells the other side that we send nothing more.
    func sendEndOfFile() {
        shutdown(descriptor, CInt(SHUT_WR))
    }

    /// Sends the next acknowledgement at once. During set-up the *server* waits for it, and a delayed one costs 40
    /// ms. The kernel forgets the option, so it is set each time something can be read.
    func acknowledgeAtOnce() {
        Self.set(TCP_QUICKACK, on: descriptor)
    }

    /// Lets the kernel send what we write without waiting for more.
    static func sendAtOnce(_ descriptor: CInt) {
        set(TCP_NODELAY, on: descriptor)
    }

    /// libssh makes the descriptor blocking when it has connected.
    func makeNonBlocking() {
        Self.makeNonBlocking(descriptor)
    }

    static func makeNonBlocking(_ descriptor: CInt) {
        let flags = sp_fcntl(descriptor, F_GETFL, 0)
        if flags >= 0 { _ = sp_fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) }
    }

    /// Bytes that can be read without waiting.
    func readable() -> Int {
        Int(sp_readable(descriptor))
    }

    private static func set(_ option: CInt, on descriptor: CInt) {
        var on: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), option, &on, socklen_t(MemoryLayout<CInt>.size))
    }
}
