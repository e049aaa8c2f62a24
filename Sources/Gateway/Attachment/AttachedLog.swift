import Connections
import EventLoop
import Glibc
import Presentation
import ServiceClient

/// The log of an attached machine's command, on its way to the service. It never keeps the command waiting: what the service
/// does not take in time is dropped, and a line says how much.
final class AttachedLog: ByteSource {
    /// The most bytes that wait for the service.
    static let most = 1 << 20

    var onMore: () -> Void = {}
    private let stream: StreamPair
    private var watch: Watch?
    private var waiting: [UInt8] = []
    private var missing = 0
    private var hasEnded = false
    /// Whether nobody takes the bytes any more.
    private var isDropped = false
    /// Called once, after the end of the input.
    var onEnd: (() -> Void)?

    init(_ stream: StreamPair, on loop: EventLoop) {
        self.stream = stream
        watch = loop.watch(stream.input, for: .readable) { [unowned self] _ in listen() }
    }

    deinit {
        watch?.cancel()
    }

    private func listen() {
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        let count = Glibc.read(stream.input, &piece, piece.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        if count > 0 {
            take(piece[..<count])
        } else {
            watch?.cancel()
            hasEnded = true
            note()
            onEnd?()
        }
        onMore()
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        guard !isDropped else { return }
        guard waiting.count + bytes.count <= Self.most else {
            missing += bytes.count
            return
        }
        note()
        waiting += bytes
    }

    private func note() {
        guard missing > 0, !isDropped else { return }
        waiting += Array(
            "\n[sallyport: \(missing) bytes of the log are missing here: they came too fast]\n".utf8)
        missing = 0
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        guard !waiting.isEmpty else { return hasEnded ? 0 : nil }
        let count = min(buffer.count, waiting.count)
        buffer.copyBytes(from: waiting[..<count])
        waiting.removeFirst(count)
        return count
    }

    /// The service takes no more: the rest is read, so that the command can go on, and dropped.
    func drop() {
        isDropped = true
        waiting = []
    }
}
