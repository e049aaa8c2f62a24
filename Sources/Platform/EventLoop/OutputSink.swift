import CLinux
import Glibc

/// Writes to a descriptor without ever blocking, through a bounded buffer.
public final class OutputSink {
    /// A writer should stop when more bytes than this are waiting.
    private static let fullMark = 256 << 10
    /// The size to which a pipe grows once it has been full. All pipes of a user together are limited (64 MiB):
    /// pipe(7).
    private static let pipeSize: CInt = 512 << 10

    private let descriptor: CInt
    private let loop: EventLoop
    private var pending: [UInt8] = []
    /// The offset in `pending` of the next byte to write.
    private var start = 0
    private var watch: Watch?
    private var hasEnlarged = false
    private var endsWhenEmpty = false
    /// Called once, by the loop and never from within `write`, when nobody will ever read what is written. (The writer
    /// may be in the middle of something that the handler ends.)
    public var onGone: (() -> Void)?
    /// Called whenever a full sink has room again, and when everything has been written.
    public var onDrain: (() -> Void)?
    public private(set) var isGone = false
    /// How many bytes the descriptor has taken.
    public private(set) var written = 0

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

    /// Whether a writer should stop until `onDrain`.
    public var isFull: Bool { count >= Self.fullMark }
    public var isEmpty: Bool { count == 0 }
    /// Bytes that are waiting.
    public var count: Int { pending.count - start }

    /// Writes what the descriptor accepts now, and keeps the rest.
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

    /// Lets the reader see the end of file, after everything that was written. The descriptor stays open, so that no
    /// other file gets its number.
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
            // Much memory is for one time only.
            pending.removeAll(keepingCapacity: pending.count <= 2 * Self.fullMark)
            start = 0
            watch?.events = [.error]
            onDrain?()
            if endsWhenEmpty { end() }
        } else {
            // Only when half of it is free, so that each byte moves at most once.
            if start >= Self.fullMark, start >= pending.count / 2 {
                pending.removeFirst(start)
                start = 0
            }
            if wasFull, !isFull { onDrain?() }
        }
    }

    /// How many bytes the descriptor accepts now; nil if nobody will ever read them.
    private func offer(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var taken = 0
        while taken < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress! + taken, bytes.count - taken)
            if count > 0 {
                taken += count
                written += count
            } else if errno == EAGAIN {
                guard enlarge() else { break }
            } else if errno != EINTR {
                return nil
            }
        }
        return taken
    }

    /// Enlarges a pipe that is full for the first time, so that a writer of many bytes waits for the reader less
    /// often. False if it cannot grow.
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
