public import EventLoop
import Glibc

/// A connection to a builder's SSH server that carries another client's bytes: the person's own client speaks SSH
/// there, and checks the host key.
///
///     start() … .connected … carry() … .ended
///
/// Everything happens on the loop and nothing waits. The handler can call anything, including `close()`.
public final class DirectConnection: ByteConnection {
    public enum Event {
        /// There is a connection; nothing has been sent.
        case connected
        /// The builder has closed its side; the client can still send.
        case builderEnded
        /// Both sides have closed, or the client has gone.
        case ended
        /// The connection failed, or was lost.
        case failed(SSHClientError)
    }

    private enum State {
        case idle
        case connecting(EndpointOpening, Deadline)
        case connected(Socket)
        /// Carrying the bytes of each side until it has ended.
        case carrying(Socket, toBuilder: Direction, toClient: Direction)
        case closed
    }

    private enum Direction {
        case open(Splice)
        case ended(Splice.End)
    }

    static let connectTime = Duration.seconds(10)

    private let builder: BuilderAddress
    private let loop: EventLoop
    private let handler: (Event) -> Void
    private var state = State.idle

    public init(to builder: BuilderAddress, on loop: EventLoop, _ handler: @escaping (Event) -> Void) {
        self.builder = builder
        self.loop = loop
        self.handler = handler
    }

    deinit {
        close()
    }

    public func start() {
        guard case .idle = state else { preconditionFailure("started twice") }
        let opening = EndpointOpening(of: builder.endpoint, on: loop) { [unowned self] in opened($0) }
        let deadline = Deadline(after: Self.connectTime, on: loop) { [unowned self] in
            fail(SSHClientError(.timedOut, "connecting"))
        }
        state = .connecting(opening, deadline)
    }

    /// After `.connected`: carries bytes both ways, each until its end of file. The client's end of file is passed on.
    ///
    /// - Parameters:
    ///   - input: a pipe, borrowed, as is `output`.
    ///   - carried: counts them.
    public func carry(from input: CInt, to output: CInt, counting carried: CarriedBytes) {
        guard case .connected(let socket) = state else { return }
        let toBuilder = Splice(from: input, to: socket.descriptor, on: loop) { [unowned self] in
            inputEnded($0)
        }
        let toClient = Splice(from: socket.descriptor, to: output, on: loop) { [unowned self] in
            outputEnded($0)
        }
        toBuilder.moved = { carried.toBuilder += $0 }
        toClient.moved = { [unowned socket] in
            carried.toClient += $0
            if $0 < 4096 { socket.acknowledgeAtOnce() }
        }
        state = .carrying(socket, toBuilder: .open(toBuilder), toClient: .open(toClient))
    }

    /// Ends the connection at once; no event comes after it. Closing twice is not an error.
    public func close() {
        if case .carrying(_, let toBuilder, let toClient) = state {
            for case .open(let splice) in [toBuilder, toClient] { splice.stop() }
        }
        state = .closed
    }

    private func opened(_ result: Result<CInt, SSHClientError>) {
        switch result {
        case .success(let descriptor):
            state = .connected(
                Socket(takingOwnershipOf: descriptor, on: loop) { [unowned self] in socketIsReady() })
            handler(.connected)
        case .failure(let error): fail(error)
        }
    }

    private func socketIsReady() {
        guard case .carrying(_, .open, .ended) = state else { return }
        finish(.failed(errno: ECONNRESET))
    }

    private func inputEnded(_ end: Splice.End) {
        guard case .carrying(let socket, _, let toClient) = state else { return }
        // A builder that no longer reads can still send.
        if end == .endOfFile { socket.sendEndOfFile() }
        state = .carrying(socket, toBuilder: .ended(end), toClient: toClient)
        if case .ended = toClient { finish(end) }
    }

    private func outputEnded(_ end: Splice.End) {
        guard case .carrying(let socket, let toBuilder, _) = state else { return }
        switch (end, toBuilder) {
        // The client has gone.
        case (.failed(errno: EPIPE), _): finish(.endOfFile)
        case (.failed, _): finish(end)
        case (.endOfFile, .ended(let input)): finish(input)
        case (.endOfFile, .open):
            state = .carrying(socket, toBuilder: toBuilder, toClient: .ended(end))
            // A client that has nothing to send would never notice that the connection is gone.
            socket.awaited = .error
            handler(.builderEnded)
        }
    }

    /// - Parameter end: a failure, if one of the sides did not get everything that the other sent.
    private func finish(_ end: Splice.End) {
        switch end {
        case .endOfFile:
            close()
            handler(.ended)
        case .failed(let error):
            fail(SSHClientError(.lost, "splice: \(String(cString: strerror(error)))"))
        }
    }

    private func fail(_ error: SSHClientError) {
        if case .closed = state { return }
        close()
        handler(.failed(error))
    }
}
