import CLinux
import EventLoop
import Glibc

/// Carries bytes from one descriptor to another inside the kernel, where one of the two is a pipe: splice(2).
///
/// It reads only what the other side takes: what is on the way is in the pipe and in the socket.
final class Splice {
    enum End: Equatable {
        /// Everything has been carried.
        case endOfFile
        case failed(errno: CInt)
    }

    /// Bytes at once; a pipe holds less.
    private static let chunk = 1 << 20
    /// Bytes that a pipe may hold, where the kernel lets it: pipe(7). All of a user's share an allowance, so it may not.
    private static let pipeSize: CInt = 1 << 20

    private let source: CInt
    private let sink: CInt
    private let ended: (End) -> Void
    private var reading: Watch!
    private var writing: Watch!
    private var hasEnlarged = false

    /// - Parameters: descriptors, both borrowed; sockets must be non-blocking.
    init(from source: CInt, to sink: CInt, on loop: EventLoop, ended: @escaping (End) -> Void) {
        self.source = source
        self.sink = sink
        self.ended = ended
        reading = loop.watch(source, for: .readable) { [unowned self] _ in move() }
        writing = loop.watch(sink, for: []) { [unowned self] _ in move() }
    }

    deinit {
        stop()
    }

    func stop() {
        reading.cancel()
        writing.cancel()
    }

    private func move() {
        // Others on the loop have their turn.
        for _ in 0..<16 {
            let count = sp_splice(source, sink, Self.chunk)
            if count > 0 { continue }
            if count == 0 { return end(.endOfFile) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return wait()
            case let error: return end(.failed(errno: error))
            }
        }
        wait()
    }

    /// For whichever side has kept it from going on.
    private func wait() {
        let isFull = !Self.takesMore(sink)
        if isFull, !hasEnlarged {
            hasEnlarged = true
            // One of them is no pipe, and says so.
            _ = sp_set_pipe_size(source, Self.pipeSize)
            _ = sp_set_pipe_size(sink, Self.pipeSize)
        }
        reading.events = isFull ? [] : .readable
        writing.events = isFull ? .writable : []
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
