import CLinux
import Glibc

/// Carries bytes from one descriptor to another inside the kernel, with splice(2). One of the two is a pipe.
///
/// It reads only what the other side takes: bytes in transit are in the pipe and in the socket.
public final class Splice {
    public enum End: Equatable {
        /// Everything has been carried.
        case endOfFile
        case failed(errno: CInt)
    }

    /// The most bytes at once; a pipe holds less.
    private static let chunk = 1 << 20
    /// The size of a pipe after it has been full, if the kernel permits: all pipes of a user share an allowance,
    /// pipe(7).
    private static let pipeSize: CInt = 1 << 20

    private let source: CInt
    private let sink: CInt
    private let ended: (End) -> Void
    private var reading: Watch?
    private var writing: Watch?
    private var hasEnlarged = false
    /// Called with the number of bytes that have just been carried.
    public var moved: ((Int) -> Void)?

    /// - Parameters: descriptors, both borrowed; sockets must be non-blocking.
    public init(from source: CInt, to sink: CInt, on loop: EventLoop, ended: @escaping (End) -> Void) {
        self.source = source
        self.sink = sink
        self.ended = ended
        reading = loop.watch(source, for: .readable) { [unowned self] _ in move() }
        writing = loop.watch(sink, for: []) { [unowned self] _ in move() }
    }

    deinit {
        stop()
    }

    public func stop() {
        reading?.cancel()
        writing?.cancel()
    }

    /// One splice at a time: the loop checks for more anyway.
    private func move() {
        let count = sp_splice(source, sink, Self.chunk)
        if count > 0 {
            moved?(count)
            wait(forRoom: false)
        } else if count == 0 {
            end(.endOfFile)
        } else if errno == EAGAIN {
            let isFull = !Self.takesMore(sink)
            if isFull { enlarge() }
            wait(forRoom: isFull)
        } else if errno != EINTR {
            end(.failed(errno: errno))
        }
    }

    private func wait(forRoom: Bool) {
        reading?.events = forRoom ? [] : .readable
        writing?.events = forRoom ? .writable : []
    }

    private func enlarge() {
        guard !hasEnlarged else { return }
        hasEnlarged = true
        // One of them is not a pipe; that call fails, and does not matter.
        _ = sp_set_pipe_size(source, Self.pipeSize)
        _ = sp_set_pipe_size(sink, Self.pipeSize)
    }

    private static func takesMore(_ descriptor: CInt) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return sp_poll(&poll, 1, 0) > 0
    }

    private func end(_ end: End) {
        stop()
        ended(end)
    }
}
