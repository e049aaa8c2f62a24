import Connections
import EventLoop
import Glibc
import Presentation
import ServiceClient

/// The log of an attached machine's command, on its way to the service. It never keeps the command waiting: what the service
/// does not take in time is dropped, and a line says how much.
///
/// It goes there in requests, one after the other: a service closes a connection on which nothing comes for long, so each
/// request ends when the command has been silent for a while.
final class AttachedLog: ByteSource {
    /// The most bytes that wait for the service.
    static let most = 1 << 20
    /// The silence that ends a request.
    static let silence = Duration.seconds(20)

    var onMore: () -> Void = {}
    private let stream: StreamPair
    private var watch: Watch?
    private var waiting: [UInt8] = []
    private var missing = 0
    private var hasEnded = false
    /// Whether the request that is under way gets nothing more.
    private var isPaused = true
    private var pause: Timer?
    private let loop: EventLoop
    private let silence: Duration
    /// Whether nobody takes the bytes any more.
    private(set) var isDropped = false
    /// Called when there is something for the next request: bytes, or the end.
    var onNews: (() -> Void)?

    init(_ stream: StreamPair, on loop: EventLoop, silence: Duration = AttachedLog.silence) {
        self.stream = stream
        self.loop = loop
        self.silence = silence
        watch = loop.watch(stream.input, for: .readable) { [unowned self] _ in listen() }
    }

    deinit {
        watch?.cancel()
        pause?.cancel()
    }

    /// Whether nothing waits, and nothing more comes.
    var isComplete: Bool { hasEnded && waiting.isEmpty }
    /// Whether there is something for the next request.
    var hasNews: Bool { hasEnded || !waiting.isEmpty }

    /// The next request.
    func resume() {
        isPaused = false
        waitForSilence()
    }

    private func waitForSilence() {
        pause?.cancel()
        pause = loop.timer(after: silence) { [unowned self] in
            isPaused = true
            onMore()
        }
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
        }
        if isPaused { onNews?() } else { onMore() }
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        guard !isDropped else { return }
        guard waiting.count + bytes.count <= Self.most else {
            missing += bytes.count
            return
        }
        note()
        waiting += bytes
        if !isPaused { waitForSilence() }
    }

    private func note() {
        guard missing > 0, !isDropped else { return }
        waiting += Array(
            "\n[sallyport: \(missing) bytes of the log are missing here: they came too fast]\n".utf8)
        missing = 0
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        guard !waiting.isEmpty else {
            if hasEnded { isPaused = true }
            return isPaused ? 0 : nil
        }
        let count = min(buffer.count, waiting.count)
        buffer.copyBytes(from: waiting[..<count])
        waiting.removeFirst(count)
        return count
    }

    /// The service takes no more: the rest is read, so that the command can go on, and dropped.
    func drop() {
        isDropped = true
        isPaused = true
        waiting = []
    }
}
