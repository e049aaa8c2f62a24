import ConfigurationFile
import Connections
import EventLoop
import Glibc

/// `attach-stream` and `attach-log`: hands this session's standard input and output over to the process of the machine, and
/// lives until that one closes the connection: sshd carries a session's bytes only while its process lives.
final class StreamHandover: RunningCommand {
    let context: SessionContext
    private let path: String
    private let stranger: Refusal?
    private var connection: CInt = -1
    private var watch: Watch?
    private var retries = 0

    private static let retryInterval = Duration.milliseconds(20)
    private static let mostRetries = 250

    /// - Parameter path: of the socket on which the stream is expected.
    private init(to path: String, _ stranger: Refusal?, in context: SessionContext) {
        (self.path, self.stranger) = (path, stranger)
        self.context = context
    }

    deinit {
        watch?.cancel()
        if connection >= 0 { close(connection) }
    }

    /// - Parameters:
    ///   - name: of the socket, in the folder of attached machines.
    ///   - stranger: what somebody hears whose stream is not expected, and whose key opens nothing else.
    static func begin(
        _ name: String, stranger: Refusal? = nil, in context: SessionContext
    ) throws(Refusal) -> StreamHandover {
        guard !context.environment.hasTerminal else { throw .unusableGreeting(.terminal) }
        let handover = StreamHandover(
            to: "\(context.configuration.gateway.attached)/\(name)", stranger, in: context)
        handover.start()
        return handover
    }

    private func start() {
        switch HandoverSocket.connect(to: path) {
        case .connection(let descriptor): handOver(descriptor)
        case .again where retries < Self.mostRetries:
            retries += 1
            context.loop.timer(after: Self.retryInterval) { [weak self] in self?.start() }
        case .again: context.refuse(stranger ?? .unexpectedStream("\(path) has no room"))
        case .failed(let failure): context.refuse(stranger ?? .unexpectedStream(failure.description))
        }
    }

    private func handOver(_ descriptor: CInt) {
        connection = descriptor
        guard StreamPair.send(context.client.input, context.client.outputDescriptor, through: descriptor)
        else {
            return context.refuse(.unexpectedStream("\(path): \(String(cString: strerror(errno)))"))
        }
        // What stays open here would keep an end of file from either side: sshd waits for standard error too.
        context.client.onGone = { _ in }
        context.output.end()
        context.errors.end()
        Self.replace(context.client.input)
        watch = context.loop.watch(descriptor, for: .readable) { [unowned self] _ in ended() }
    }

    /// The taker has closed, or has gone.
    private func ended() {
        watch?.cancel()
        context.finish(.success)
    }

    /// The number stays taken, so that no other file gets it.
    private static func replace(_ descriptor: CInt) {
        let nowhere = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard nowhere >= 0 else { return }
        dup2(nowhere, descriptor)
        close(nowhere)
    }
}
