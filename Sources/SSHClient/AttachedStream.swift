import Connections
import EventLoop
import Glibc

/// A stream to the SSH server of an attached machine: two pipes, and the connection to the process that has handed them
/// over. When that connection ends, the machine's end of the stream is gone.
final class AttachedStream {
    let pair: StreamPair
    private let lifeline: CInt
    private let watch: Watch
    /// Called once when the machine's end has gone.
    var onLost: (() -> Void)?

    /// - Parameter lifeline: owned.
    init(_ pair: StreamPair, lifeline: CInt, on loop: EventLoop) {
        self.pair = pair
        self.lifeline = lifeline
        let end = End()
        // Nothing more comes through it but its end.
        watch = loop.watch(lifeline, for: .readable) { _ in end.stream?.lost() }
        end.stream = self
    }

    private func lost() {
        watch.cancel()
        onLost?()
    }

    deinit {
        watch.cancel()
        close(lifeline)
    }

    /// The watch is older than the stream.
    private final class End {
        weak var stream: AttachedStream?
    }
}
