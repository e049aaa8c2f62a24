import Connections
import EventLoop
import Glibc

/// A stream that `attach-stream` or `attach-log` hands over. Its process lives until this goes, and this hears when that
/// process dies.
final class IncomingStream {
    private let descriptor: CInt
    private var watch: Watch?
    /// Nil before it has come, and after it has been taken.
    private var pair: StreamPair?

    /// - Parameters:
    ///   - descriptor: owned.
    ///   - arrived: called at most once.
    ///   - ended: called at most once: the process has gone, or hands over nothing.
    init(_ descriptor: CInt, on loop: EventLoop, arrived: @escaping () -> Void, ended: @escaping () -> Void) {
        self.descriptor = descriptor
        watch = loop.watch(descriptor, for: .readable) { [unowned self] _ in
            switch StreamPair.receive(through: descriptor) {
            case .again: break
            case .pair(let pair):
                guard self.pair == nil else { break }
                self.pair = pair
                arrived()
            case .refused, .ended:
                watch?.cancel()
                ended()
            }
        }
    }

    deinit {
        watch?.cancel()
        close(descriptor)
    }

    /// Its descriptors, once.
    func take() -> StreamPair? {
        defer { pair = nil }
        return pair
    }
}
