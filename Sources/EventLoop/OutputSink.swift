import CLinux
import Glibc

/// A descriptor that is written without ever blocking, with a bounded buffer behind it.
public final class OutputSink {
    /// Bytes waiting above which a writer should stop.
    private static let fullMark = 256 << 10

    private let descriptor: CInt
    private let loop: EventLoop
    private var pending: [UInt8] = []
    /// Where in `pending` the next byte to write is.
    private var start = 0
    private var watch: Watch?
    /// Called once: nobody will ever read what is written.
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
        var rest = bytes
        if isEmpty {
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count > 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
                } else if errno == EINTR {
                    continue
                } else if errno == EAGAIN {
                    break
                } else {
                    gone()
                    return
                }
            }
        }
        if !rest.isEmpty {
            pending.append(contentsOf: rest)
            watch?.events = [.writable]
        }
    }

    public func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { write($0) }
    }

    private func handle(_ events: Watch.Events) {
        if events.contains(.writable) { flush() }
        // A pipe whose reader is gone has POLLERR; a socket whose peer is gone POLLHUP.
        if events.contains(.error) || events.contains(.hangUp) { gone() }
    }

    private func flush() {
        let wasFull = isFull
        while !isEmpty {
            let count = pending.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress! + start, buffer.count - start)
            }
            if count > 0 {
                start += count
            } else if errno == EINTR {
                continue
            } else if errno == EAGAIN {
                break
            } else {
                gone()
                return
            }
        }
        if isEmpty {
            pending.removeAll(keepingCapacity: true)
            start = 0
            watch?.events = [.error]
            onDrain?()
        } else if wasFull, !isFull {
            pending.removeFirst(start)
            start = 0
            onDrain?()
        }
    }

    private func gone() {
        guard !isGone else { return }
        isGone = true
        pending = []
        start = 0
        watch?.cancel()
        onGone?()
    }
}
