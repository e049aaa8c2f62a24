import Connections
public import EventLoop
import Glibc

/// What ``DirectConnection`` is for other builders: a stream to an attached machine's SSH server that carries the bytes of
/// the person's own client, from pipe to pipe.
///
///     start() … .connected … carry() … .ended
public final class AttachedConnection: ByteConnection {
    private enum State {
        case idle
        case connecting(AttachedStreamOpening, Deadline)
        case connected(AttachedStream)
        /// Nil: that direction has ended.
        case carrying(AttachedStream, toMachine: Splice?, toClient: Splice?)
        case closed
    }

    /// The key, and then the stream, have ten seconds each at the other process.
    private static let time = Duration.seconds(22)

    private let path: String
    private let greeting: String
    private let loop: EventLoop
    private let handler: (DirectConnection.Event) -> Void
    private var state = State.idle

    /// - Parameters:
    ///   - path: of the socket of the process that the machine is connected to.
    ///   - greeting: the line that says who comes, with its end.
    public init(
        at path: String, greeting: String, on loop: EventLoop,
        _ handler: @escaping (DirectConnection.Event) -> Void
    ) {
        self.path = path
        self.greeting = greeting
        self.loop = loop
        self.handler = handler
    }

    deinit {
        close()
    }

    public func start() {
        guard case .idle = state else { preconditionFailure("started twice") }
        let opening = AttachedStreamOpening(at: path, greeting: greeting, on: loop) { [unowned self] in
            opened($0)
        }
        state = .connecting(
            opening,
            Deadline(after: Self.time, on: loop) { [unowned self] in
                fail(SSHClientError(.timedOut, "waiting for a stream to the machine"))
            })
    }

    private func opened(_ result: Result<AttachedStream, SSHClientError>) {
        switch result {
        case .success(let stream):
            stream.onLost = { [unowned self] in lost() }
            state = .connected(stream)
            handler(.connected)
        case .failure(let error): fail(error)
        }
    }

    /// After `.connected`: carries bytes both ways, each until its end of file, which is passed on.
    ///
    /// - Parameters:
    ///   - input: a pipe, borrowed, as is `output`.
    ///   - carried: counts them.
    public func carry(from input: CInt, to output: CInt, counting carried: CarriedBytes) {
        guard case .connected(let stream) = state else { return }
        let toMachine = Splice(from: input, to: stream.pair.output, on: loop) { [unowned self] _ in
            inputEnded()
        }
        let toClient = Splice(from: stream.pair.input, to: output, on: loop) { [unowned self] in
            outputEnded($0)
        }
        toMachine.moved = { carried.toBuilder += $0 }
        toClient.moved = { carried.toClient += $0 }
        state = .carrying(stream, toMachine: toMachine, toClient: toClient)
    }

    /// Ends the connection at once; no event comes after it. Closing twice is not an error.
    public func close() {
        if case .carrying(_, let toMachine, let toClient) = state {
            toMachine?.stop()
            toClient?.stop()
        }
        state = .closed
    }

    /// The client sends nothing more, or the machine does not read any more; it can still send.
    private func inputEnded() {
        guard case .carrying(let stream, _, let toClient) = state else { return }
        stream.pair.endOutput()
        state = .carrying(stream, toMachine: nil, toClient: toClient)
        if toClient == nil { finish() }
    }

    private func outputEnded(_ end: Splice.End) {
        guard case .carrying(let stream, let toMachine, _) = state else { return }
        switch end {
        // The client has gone.
        case .failed(errno: EPIPE): finish()
        case .failed(let code): fail(SSHClientError(.lost, "splice: \(String(cString: strerror(code)))"))
        case .endOfFile:
            state = .carrying(stream, toMachine: toMachine, toClient: nil)
            if toMachine == nil { finish() } else { handler(.builderEnded) }
        }
    }

    /// Nothing that is sent arrives any more.
    private func lost() {
        fail(SSHClientError(.lost, "the stream of the machine has gone"))
    }

    private func finish() {
        close()
        handler(.ended)
    }

    private func fail(_ error: SSHClientError) {
        if case .closed = state { return }
        close()
        handler(.failed(error))
    }
}
