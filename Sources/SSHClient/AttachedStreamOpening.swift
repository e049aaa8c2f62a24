import Connections
import EventLoop
import Glibc

/// Asks the process that an attached machine is connected to for a stream to the machine's SSH server; its last reference
/// gives up.
///
/// It has no time limit: its owner has one, and so has that process.
final class AttachedStreamOpening {
    private enum State {
        /// The socket has no room for us yet.
        case queueing(Deadline)
        /// The socket will hand over a stream.
        case expecting(CInt, Watch)
        case done
    }

    private static let retryInterval = Duration.milliseconds(20)

    private let path: String
    private let greeting: String
    private let loop: EventLoop
    private let opened: (Result<AttachedStream, SSHClientError>) -> Void
    private var state = State.done

    /// - Parameters:
    ///   - greeting: the line that says who wants the stream, with its end.
    ///   - opened: called once, by the loop.
    init(
        at path: String, greeting: String, on loop: EventLoop,
        _ opened: @escaping (Result<AttachedStream, SSHClientError>) -> Void
    ) {
        self.path = path
        self.greeting = greeting
        self.loop = loop
        self.opened = opened
        ask()
    }

    deinit {
        if case .expecting(let descriptor, let watch) = state {
            watch.cancel()
            close(descriptor)
        }
    }

    private func ask() {
        switch HandoverSocket.connect(to: path) {
        case .connection(let descriptor): greet(descriptor)
        case .again:
            state = .queueing(Deadline(after: Self.retryInterval, on: loop) { [unowned self] in ask() })
        case .failed(let failure):
            // Its process is gone. The folder is there only on the gateway that the machine has dialled.
            failLater(
                SSHClientError(failure.kind == .elsewhere ? .elsewhere : .unreachable, failure.description))
        }
    }

    private func greet(_ descriptor: CInt) {
        let bytes = Array(greeting.utf8)
        // It is smaller than any socket's buffer.
        guard send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else {
            let cause = "\(path): \(String(cString: strerror(errno)))"
            close(descriptor)
            return failLater(SSHClientError(.unreachable, cause))
        }
        let watch = loop.watch(descriptor, for: .readable) { [unowned self] _ in answered() }
        state = .expecting(descriptor, watch)
    }

    private func answered() {
        guard case .expecting(let descriptor, let watch) = state else { return }
        switch StreamPair.receive(through: descriptor) {
        case .again: return
        case .pair(let pair):
            watch.cancel()
            finish(.success(AttachedStream(pair, lifeline: descriptor, on: loop)))
        case .refused(let code):
            watch.cancel()
            close(descriptor)
            finish(.failure(Self.error(code)))
        case .ended:
            watch.cancel()
            close(descriptor)
            finish(.failure(SSHClientError(.unreachable, "\(path): it closed the connection")))
        }
    }

    private static func error(_ code: CInt) -> SSHClientError {
        let detail = "the machine gives no stream: \(String(cString: strerror(code)))"
        let kind: SSHClientError.Code =
            switch code {
            case ETIMEDOUT: .timedOut
            case E2BIG: .keyNotAccepted
            case EUSERS: .crowded
            default: .unreachable
            }
        return SSHClientError(kind, detail)
    }

    private func finish(_ result: Result<AttachedStream, SSHClientError>) {
        state = .done
        opened(result)
    }

    private func failLater(_ error: SSHClientError) {
        state = .queueing(Deadline(after: .zero, on: loop) { [unowned self] in finish(.failure(error)) })
    }
}
