import EventLoop
import Glibc

/// What a pump needs of a channel and its session; in tests a script.
protocol PumpChannel: AnyObject {
    func read(into buffer: UnsafeMutableRawBufferPointer, standardError: Bool) -> SSHChannel.ReadResult
    /// Bytes that have come and have not been read.
    func waiting(standardError: Bool) -> Int
    func write(_ bytes: UnsafeRawBufferPointer) -> Int?
    func sendEndOfFile()
    /// Bytes that the builder is ready to receive.
    var window: Int { get }
    /// Whether nothing more can come: the channel is closed, or the connection broken.
    var isOver: Bool { get }
    /// Whether bytes wait that the socket did not take.
    var hasPendingOutput: Bool { get }
    /// Takes in what has come, writes what waits.
    func process()
    /// Whether there may be more to take in than what has been read of the channel so far.
    ///
    /// - Parameter received: what `bytesReceived` was before that.
    func hasMore(since received: UInt64) -> Bool
    /// Bytes that came from the builder so far, whichever channel they are for.
    var bytesReceived: UInt64 { get }
}

/// Carries bytes between the client and a channel, with bounded memory in both directions.
final class Pump {
    enum State {
        case moving
        /// The channel has ended and everything has been written.
        case ended
        /// The builder sends without regard for the window.
        case flooded
    }

    /// Larger reads bring nothing: a packet has at most 32 KiB.
    private static let chunk = 128 << 10
    /// Bytes of a stream that may wait for the client. A builder's window is but 2 MB or so; libssh would keep 256 MB that come
    /// in spite of that, and then lose some in silence.
    static let limit = 16 << 20

    private let streams: PumpStreams
    private let channel: any PumpChannel
    private let agent: AgentForwarding?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 16)
    private var watch: Watch?
    private var input = Input.open
    private var toBuilder: [UInt8] = []

    private enum Input {
        case open
        /// Its end has been read, and is told after the bytes that came before.
        case ended
        /// The builder has been told, or takes no more.
        case done
    }

    /// - Parameters:
    ///   - agent: has its bytes moved too.
    ///   - wake: is called when there is something to move.
    init(
        _ streams: PumpStreams, _ channel: any PumpChannel, agent: AgentForwarding?, on loop: EventLoop,
        wake: @escaping () -> Void
    ) {
        self.streams = streams
        self.channel = channel
        self.agent = agent
        streams.output.onDrain = wake
        streams.errors.onDrain = wake
        watch = loop.watch(streams.input, for: .readable) { [unowned self] _ in
            readInput()
            wake()
        }
    }

    deinit {
        buffer.deallocate()
    }

    func stop() {
        watch?.cancel()
        streams.output.onDrain = nil
        streams.errors.onDrain = nil
    }

    /// Moves what can be moved without waiting.
    func move() -> State {
        // First: of a connection that turns out to be broken libssh gives nothing any more.
        drain()
        channel.process()
        // libssh reads 4 KiB at a time: go on while the kernel has more, but let the other descriptors have their turn.
        for _ in 0..<64 {
            let received = channel.bytesReceived
            drain()
            agent?.receive()
            guard channel.hasMore(since: received) else { break }
            channel.process()
        }
        agent?.send()
        sendInput()
        if isFlooded(streams.output, false) || isFlooded(streams.errors, true) || agent?.isFlooded == true {
            return .flooded
        }
        guard channel.isOver else { return .moving }
        drain()
        return streams.output.isEmpty && streams.errors.isEmpty ? .ended : .moving
    }

    private func drain() {
        drain(standardError: false, into: streams.output)
        drain(standardError: true, into: streams.errors)
    }

    /// Takes all that libssh has, but only into an empty sink: each read makes libssh open the window again, so small
    /// reads from a full buffer would let it grow without bound.
    private func drain(standardError: Bool, into sink: OutputSink) {
        guard sink.isEmpty || sink.isGone else { return }
        while case .bytes(let count) = channel.read(into: buffer, standardError: standardError) {
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            sink.write(bytes)
            streams.observer?(.output(bytes))
            if count < buffer.count, !sink.isEmpty { return }
        }
    }

    private func isFlooded(_ sink: OutputSink, _ standardError: Bool) -> Bool {
        !sink.isEmpty && channel.waiting(standardError: standardError) > Self.limit
    }

    private func readInput() {
        guard toBuilder.isEmpty, input == .open else { return }
        let count = read(streams.input, buffer.baseAddress, buffer.count)
        if count > 0 {
            toBuilder.append(contentsOf: buffer[..<count])
            watch?.events = []
            streams.observer?(.input)
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            input = .ended
            watch?.events = []
        }
    }

    private func sendInput() {
        while !toBuilder.isEmpty, !channel.hasPendingOutput {
            let room = min(channel.window, toBuilder.count)
            guard room > 0 else { break }
            let sent = toBuilder.withUnsafeBytes {
                channel.write(UnsafeRawBufferPointer(rebasing: $0[..<room]))
            }
            guard let sent else {
                // Nobody reads there any more; how the program ended comes by itself.
                toBuilder = []
                input = .done
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
        switch input {
        case .open: if !channel.hasPendingOutput { watch?.events = .readable }
        case .ended:
            channel.sendEndOfFile()
            input = .done
        case .done: break
        }
    }
}

extension SSHChannel: PumpChannel {
    var isOver: Bool { !session.isConnected() || fate.isClosed }
    var hasPendingOutput: Bool { session.hasPendingOutput() }
    var bytesReceived: UInt64 { session.bytesReceived() }

    func process() { session.process() }

    func hasMore(since received: UInt64) -> Bool {
        // A look at one stream may have taken in bytes of another, of which the kernel then knows nothing any more.
        session.isConnected() && (session.socket.readable() > 0 || session.bytesReceived() != received)
    }
}
