import CLinux
import Glibc

/// A descriptor that is written without ever blocking, with a bounded buffer behind it.
public final class OutputSink {
    /// Bytes waiting above which a writer should stop.
    private static let fullMark = 256 << 10
    /// Bytes that a pipe may hold once it has been full. What all pipes of a user may hold is limited (64 MiB): pipe(7).
    private static let pipeSize: CInt = 512 << 10

    private let descriptor: CInt
    private let loop: EventLoop
    private var pending: [UInt8] = []
    /// Where in `pending` the next byte to write is.
    private var start = 0
    private var watch: Watch?
    private var hasEnlarged = false
    private var endsWhenEmpty = false
    /// Called once, by the loop and never from within `write`: nobody will ever read what is written. Whoever writes may be
    /// in the middle of something that the callee ends.
    public var onGone: (() -> Void)?
    /// Called whenever a sink that was full has room again, and when all has been written.
    public var onDrain: (() -> Void)?
    public private(set) var isGone = false

    /// - Parameter descriptor: borrowed; set to non-blocking.
    public init(_ descriptor: CInt, on loop: EventLoop) {
        self.descriptor = descriptor
        self.loop = loop
        let flags = sp_fcntl(descriptor, F_GETFL, 0)
        if flags >= 0 { _ = sp_fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) }
        watch = loop.watch(descriptor, for: .error) { [unowned self] events in
            self.handle(events)
        }
    }

    deinit {
        watch?.cancel()
    }

    /// Whether so much is waiting that a writer should stop until `onDrain`.
    public var isFull: Bool { pending.count - start >= Self.fullMark }
    public var isEmpty: Bool { start == pending.count }

    /// Writes what the descriptor takes at once and keeps the rest.
    public func write(_ bytes: UnsafeRawBufferPointer) {
        guard !isGone, !bytes.isEmpty else { return }
        guard let taken = isEmpty ? offer(bytes) : 0 else { return gone() }
        if taken < bytes.count {
            pending.append(contentsOf: bytes[taken...])
            watch?.events = [.writable]
        }
    }

    public func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { write($0) }
    }

    public func write(_ text: String) {
        write(Array(text.utf8))
    }

    /// Lets the reader see the end of file, behind all that has been written. The descriptor stays taken, so that no other
    /// file gets its number.
    public func end() {
        guard isEmpty else {
            endsWhenEmpty = true
            return
        }
        isGone = true
        watch?.cancel()
        let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
        if nowhere >= 0 {
            dup2(nowhere, descriptor)
            close(nowhere)
        }
    }

    private func handle(_ events: Watch.Events) {
        if events.contains(.writable) { flush() }
        // A pipe whose reader is gone has POLLERR; a socket whose peer is gone POLLHUP.
        if events.contains(.error) || events.contains(.hangUp) { gone() }
    }

    private func flush() {
        let wasFull = isFull
        let taken = pending.withUnsafeBytes { offer(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        guard let taken else { return gone() }
        start += taken
        if isEmpty {
            pending.removeAll(keepingCapacity: true)
            start = 0
            watch?.events = [.error]
            onDrain?()
            if endsWhenEmpty { end() }
        } else {
            // Not sooner than half of it is free: each byte is moved once at most.
            if start >= Self.fullMark, start >= pending.count / 2 {
                pending.removeFirst(start)
                start = 0
            }
            if wasFull, !isFull { onDrain?() }
        }
    }

    /// Bytes that the descriptor takes now; nil when nobody will read them any more.
    private func offer(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var taken = 0
        while taken < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress! + taken, bytes.count - taken)
            if count > 0 {
                taken += count
            } else if errno == EAGAIN {
                guard enlarge() else { break }
            } else if errno != EINTR {
                return nil
            }
        }
        return taken
    }

    /// Makes more room in a pipe that is full for the first time: whoever sends much then waits for its reader less
    /// often. False when there is no more room.
    private func enlarge() -> Bool {
        guard !hasEnlarged else { return false }
        hasEnlarged = true
        return sp_set_pipe_size(descriptor, Self.pipeSize) > 0
    }

    private func gone() {
        guard !isGone else { return }
        isGone = true
        pending = []
        start = 0
        watch?.cancel()
        loop.timer(after: .zero) { [weak self] in self?.onGone?() }
    }
}
