public import EventLoop
import Glibc

/// The client's side of a session.
public struct PumpStreams {
    /// Read without ever blocking; its end of file is passed on.
    public var input: CInt
    public var output: OutputSink
    public var errors: OutputSink
    /// Is told of all that passes; it must not wait.
    public var observer: ((PumpTraffic) -> Void)?

    public init(
        input: CInt, output: OutputSink, errors: OutputSink, observer: ((PumpTraffic) -> Void)? = nil
    ) {
        self.input = input
        self.output = output
        self.errors = errors
        self.observer = observer
    }
}

/// What passes between a client and a builder.
public enum PumpTraffic {
    /// From the client.
    case input
    /// From the builder, on its way out already.
    case output(UnsafeRawBufferPointer)
}

/// Carries bytes between the client and a channel, with bounded memory in both directions.
final class Pump {
    enum State {
        case moving
        /// The channel has ended and everything has been written.
        case ended
    }

    /// Larger reads bring nothing: a packet has at most 32 KiB.
    private static let chunk = 128 << 10

    private let streams: PumpStreams
    private let loop: EventLoop
    /// To be called when the channel has to be looked at again.
    private let wake: () -> Void
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 16)
    private var input: Watch?
    private var inputHasEnded = false
    private var endOfFileIsDue = false
    private var toBuilder: [UInt8] = []

    init(_ streams: PumpStreams, on loop: EventLoop, wake: @escaping () -> Void) {
        self.streams = streams
        self.loop = loop
        self.wake = wake
    }

    deinit {
        buffer.deallocate()
    }

    func start() {
        streams.output.onDrain = { [unowned self] in wake() }
        streams.errors.onDrain = { [unowned self] in wake() }
        input = loop.watch(streams.input, for: .readable) { [unowned self] _ in
            readInput()
            wake()
        }
    }

    func stop() {
        input?.cancel()
        streams.output.onDrain = nil
        streams.errors.onDrain = nil
    }

    /// Moves what can be moved without waiting.
    func move(
        _ channel: borrowing SSHChannel, socket: borrowing Socket, session: borrowing SSHSession,
        agent: AgentForwarding?
    ) -> State {
        // libssh reads 4 KiB at a time: go on while the kernel has more, but let the other descriptors have their turn.
        for _ in 0..<64 {
            let received = session.bytesReceived()
            drain(channel, standardError: false, into: streams.output)
            drain(channel, standardError: true, into: streams.errors)
            agent?.receive()
            // A look at one stream may have taken in bytes of another, of which the kernel then knows nothing any more.
            let hasMore = socket.readable() > 0 || session.bytesReceived() != received
            guard session.isConnected(), hasMore else { break }
            session.process()
        }
        agent?.send(in: session)
        sendInput(channel, session)

        let isOver = !session.isConnected() || channel.currentFate().isClosed
        guard isOver, isDrained(channel) else { return .moving }
        return .ended
    }

    private func isDrained(_ channel: borrowing SSHChannel) -> Bool {
        drain(channel, standardError: false, into: streams.output)
        drain(channel, standardError: true, into: streams.errors)
        return streams.output.isEmpty && streams.errors.isEmpty
    }

    /// Takes all that libssh has, but only into an empty sink: each read makes libssh open the window again, so small
    /// reads from a full buffer would let it grow without bound.
    private func drain(_ channel: borrowing SSHChannel, standardError: Bool, into sink: OutputSink) {
        guard sink.isEmpty || sink.isGone else { return }
        while case .bytes(let count) = channel.read(into: buffer, standardError: standardError) {
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            sink.write(bytes)
            streams.observer?(.output(bytes))
            if count < buffer.count, !sink.isEmpty { return }
        }
    }

    private func readInput() {
        guard toBuilder.isEmpty, !inputHasEnded else { return }
        let count = read(streams.input, buffer.baseAddress, buffer.count)
        if count > 0 {
            toBuilder.append(contentsOf: buffer[..<count])
            input?.events = []
            streams.observer?(.input)
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            inputHasEnded = true
            endOfFileIsDue = true
            input?.events = []
        }
    }

    private func sendInput(_ channel: borrowing SSHChannel, _ session: borrowing SSHSession) {
        while !toBuilder.isEmpty, !session.hasPendingOutput() {
            let room = min(channel.window, toBuilder.count)
            guard room > 0 else { break }
            let sent = toBuilder.withUnsafeBytes {
                channel.write(UnsafeRawBufferPointer(rebasing: $0[..<room]))
            }
            guard let sent else {
                // Nobody reads there any more; how the program ended comes by itself.
                toBuilder = []
                inputHasEnded = true
                return
            }
            if sent == 0 { break }
            if sent == toBuilder.count {
                toBuilder.removeAll(keepingCapacity: true)
            } else {
                toBuilder.removeFirst(sent)
            }
        }
        guard toBuilder.isEmpty else { return }
        if endOfFileIsDue {
            channel.sendEndOfFile()
            endOfFileIsDue = false
        } else if !inputHasEnded, !session.hasPendingOutput() {
            input?.events = .readable
        }
    }
}
