import CLinux
import EventLoop
import Glibc
import ServiceClient

/// Standard input, of which never more than one piece is in memory.
final class StreamedInput: ByteSource {
    var onMore: () -> Void = {}
    private let descriptor: CInt
    private var watch: Watch?

    init(_ descriptor: CInt, on loop: EventLoop) {
        self.descriptor = descriptor
        watch = loop.watch(descriptor, for: []) { [unowned self] _ in
            watch?.events = []
            onMore()
        }
    }

    deinit {
        watch?.cancel()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&state, 1, 0) != 0 else { return wait() }
        let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return wait() }
        return max(0, count)
    }

    private func wait() -> Int? {
        watch?.events = .readable
        return nil
    }
}
