import EventLoop
import Glibc

/// All of standard input, up to a limit.
final class StandardInput: RunningCommand {
    let context: SessionContext
    private let limit: Int
    private let complete: ([UInt8]?) -> Void
    private var bytes: [UInt8] = []
    private var watch: Watch?

    /// - Parameter complete: nil: there were more bytes than the limit.
    init(limit: Int, in context: SessionContext, complete: @escaping ([UInt8]?) -> Void) {
        self.context = context
        self.limit = limit
        self.complete = complete
        watch = context.loop.watch(STDIN_FILENO, for: .readable) { [unowned self] _ in read() }
    }

    deinit {
        watch?.cancel()
    }

    private func read() {
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        let count = Glibc.read(STDIN_FILENO, &piece, piece.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        if count > 0 { bytes += piece[..<count] }
        if count <= 0 || bytes.count > limit {
            watch?.cancel()
            complete(bytes.count > limit ? nil : bytes)
        }
    }
}
