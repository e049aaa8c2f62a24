import Connections
import EventLoop
import Glibc

/// The connection of a person's process that wants a stream to the machine. It says who comes, gets the stream, and stays
/// open while they are inside.
final class VisitorConnection {
    private let descriptor: CInt
    private var watch: Watch?
    private var said: [UInt8] = []
    private var hasGreeted = false

    /// - Parameters:
    ///   - descriptor: owned.
    ///   - greeted: called at most once.
    ///   - gone: called at most once: the process has closed, or says what is no greeting.
    init(
        _ descriptor: CInt, on loop: EventLoop, greeted: @escaping (VisitorGreeting) -> Void,
        gone: @escaping () -> Void
    ) {
        self.descriptor = descriptor
        watch = loop.watch(descriptor, for: .readable) { [unowned self] _ in
            switch listen() {
            case .nothing: break
            case .greeting(let greeting): greeted(greeting)
            case .end:
                watch?.cancel()
                gone()
            }
        }
    }

    deinit {
        watch?.cancel()
        close(descriptor)
    }

    func handOver(_ stream: StreamPair) -> Bool {
        StreamPair.send(stream.input, stream.output, through: descriptor)
    }

    func refuse(errno code: CInt) { StreamPair.refuse(errno: code, through: descriptor) }

    private enum News {
        case nothing
        case greeting(VisitorGreeting)
        case end
    }

    private func listen() -> News {
        var piece = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &piece, piece.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return .nothing }
        guard count > 0, !hasGreeted, said.count + count <= VisitorGreeting.longest else { return .end }
        said += piece[..<count]
        guard said.last == UInt8(ascii: "\n") else { return .nothing }
        hasGreeted = true
        return VisitorGreeting(String(decoding: said.dropLast(), as: UTF8.self)).map { .greeting($0) } ?? .end
    }
}
