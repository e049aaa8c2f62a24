public import EventLoop
import Glibc

/// A connection to a builder's SSH server whose bytes are somebody else's: the person's own client speaks SSH there, and
/// checks the host key.
///
///     start() … .reached … carry() … .ended
///
/// Everything happens on the loop and nothing waits. The handler may call anything, `close()` included.
public final class DirectConnection {
    public enum Event {
        /// There is a connection; nothing has been sent.
        case reached
        /// The builder has said all that it had to say; the client may not have.
        case builderEnded
        /// Both sides have said all that they had to say, or the client has gone.
        case ended
        /// There is no connection, or none any more.
        case failed(SSHClientError)
    }

    private static let connectTime = Duration.seconds(10)

    private let builder: BuilderAddress
    private let loop: EventLoop
    private let handler: (Event) -> Void
    private var socket: Socket?
    private var watch: Watch?
    private var deadline: Timer?
    private var toBuilder: Splice?
    private var toClient: Splice?
    /// Why the builder took no more of what the client sends.
    private var inputFailure: CInt?

    public init(to builder: BuilderAddress, on loop: EventLoop, _ handler: @escaping (Event) -> Void) {
        self.builder = builder
        self.loop = loop
        self.handler = handler
    }

    deinit {
        close()
    }

    public func start() {
        do {
            let socket = try Socket.connecting(to: builder.address, port: builder.port)
            watch = loop.watch(socket.descriptor, for: .writable) { [unowned self] _ in finishConnecting() }
            self.socket = consume socket
            deadline = loop.timer(after: Self.connectTime) { [unowned self] in
                fail(SSHClientError(.timedOut, "connecting"))
            }
        } catch {
            deadline = loop.timer(after: .zero) { [unowned self] in fail(error) }
        }
    }

    /// After `.reached`: carries bytes both ways, each until its end of file. That of the client is passed on.
    ///
    /// - Parameters: pipes, both borrowed.
    public func carry(from input: CInt, to output: CInt) {
        guard let descriptor = socket?.descriptor else { return }
        toBuilder = Splice(from: input, to: descriptor, on: loop) { [unowned self] in inputEnded($0) }
        toClient = Splice(from: descriptor, to: output, on: loop) { [unowned self] in
            outputEnded($0)
        }
        toClient?.moved = { [unowned self] in if $0 < 4096 { socket?.acknowledgeAtOnce() } }
    }

    /// Ends the connection at once; no event comes after it. Closing twice is no error.
    public func close() {
        watch?.cancel()
        deadline?.cancel()
        toBuilder?.stop()
        toClient?.stop()
        toBuilder = nil
        toClient = nil
        socket = nil
    }

    private func finishConnecting() {
        watch?.cancel()
        deadline?.cancel()
        guard let error = socket?.connectionError() else { return }
        guard error == 0 else {
            return fail(SSHClientError(.unreachable, "connect: \(String(cString: strerror(error)))"))
        }
        handler(.reached)
    }

    private func inputEnded(_ end: Splice.End) {
        toBuilder = nil
        // A builder that reads no more may still have something to say.
        switch end {
        case .endOfFile: socket?.sendEndOfFile()
        case .failed(let error): inputFailure = error
        }
        if toClient == nil { finish() }
    }

    private func outputEnded(_ end: Splice.End) {
        toClient = nil
        switch end {
        case .failed(errno: EPIPE):
            // The client has gone.
            inputFailure = nil
            finish()
        case .endOfFile where toBuilder == nil: finish()
        case .endOfFile:
            guard let descriptor = socket?.descriptor else { return }
            // A client that has nothing to send would never notice that nobody is there any more.
            watch = loop.watch(descriptor, for: .error) { [unowned self] _ in
                inputFailure = ECONNRESET
                finish()
            }
            handler(.builderEnded)
        case .failed(let error):
            fail(SSHClientError(.lost, "splice: \(String(cString: strerror(error)))"))
        }
    }

    private func finish() {
        if let inputFailure {
            return fail(SSHClientError(.lost, "splice: \(String(cString: strerror(inputFailure)))"))
        }
        close()
        handler(.ended)
    }

    private func fail(_ error: SSHClientError) {
        close()
        handler(.failed(error))
    }
}
