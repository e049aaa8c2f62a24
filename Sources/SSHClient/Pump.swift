import EventLoop
import Glibc

/// What a pump needs from a channel and its session; tests have their own.
protocol PumpChannel: AnyObject {
    func read(into buffer: UnsafeMutableRawBufferPointer, standardError: Bool) -> SSHChannel.ReadResult
    /// Bytes that have arrived and have not been read.
    func waiting(standardError: Bool) -> Int
    func write(_ bytes: UnsafeRawBufferPointer) -> Int?
    func sendEndOfFile()
    /// Bytes that the builder is ready to receive.
    var window: Int { get }
    /// Whether nothing more can arrive: the channel is closed, or the connection was lost.
    var isOver: Bool { get }
    /// Whether there are bytes that the socket has not taken.
    var hasPendingOutput: Bool { get }
    /// Reads what has arrived, and writes what waits.
    func process()
    /// Whether there can be more than what has been read from the channel so far.
    ///
    /// - Parameter received: the value of `bytesReceived` before that.
    func hasMore(since received: UInt64) -> Bool
    /// Bytes received from the builder so far, for any channel.
    var bytesReceived: UInt64 { get }
}

/// Carries bytes between the client and a channel, with bounded memory in both directions.
final class Pump {
    enum State {
        case moving
        /// The channel has ended and everything has been written.
        case ended
        /// So much waits for the client that nothing more is read from the builder until it has been written.
        case backedUp
    }

    /// Larger reads are no faster: a packet has at most 32 KiB.
    private static let chunk = 128 << 10
    /// The most bytes of all streams that wait for the client before nothing more is read from the builder's socket. (Windows
    /// are no limit: a hostile builder ignores them, and libssh opens them again for each packet of the *other* stream.
    /// Left alone, libssh keeps up to 256 MB of a stream, and then loses some silently.) A builder that keeps to its windows
    /// has twice 1.28 MB waiting, here and in libssh, when one stream is not read.
    static let limit = 4 << 20

    private let streams: PumpStreams
    private let channel: any PumpChannel
    private let agent: AgentForwarding?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 16)
    private var watch: Watch?
    private var input = Input.open
    private var toBuilder: [UInt8]
    /// Nil: the program can be given its input.
    private var opening: Opening?
    private var openingTimer: Timer?

    /// How long to wait for a builder that has promised to say when its terminal is ready.
    private static let openingTimeout = Duration.seconds(5)

    private enum Input {
        case open
        /// Its end has been read, and is passed on after the bytes before it.
        case ended
        /// The builder has been told, or no longer reads.
        case done
    }

    /// - Parameters:
    ///   - agent: its bytes are moved, too.
    ///   - readyMarker: with what the output begins when the program's terminal is ready. It is not shown, and the input is
    ///     kept until then. Nil: everything is ready.
    ///   - wake: called when there is something to move.
    init(
        _ streams: PumpStreams, _ channel: any PumpChannel, agent: AgentForwarding?,
        readyMarker: [UInt8]? = nil, on loop: EventLoop, wake: @escaping () -> Void
    ) {
        self.streams = streams
        self.channel = channel
        self.agent = agent
        toBuilder = streams.typedAhead
        opening = readyMarker.map { Opening(marker: $0) }
        streams.output.onDrain = wake
        streams.errors.onDrain = wake
        watch = loop.watch(streams.input, for: toBuilder.isEmpty ? .readable : []) { [unowned self] _ in
            readInput()
            wake()
        }
        guard opening != nil else { return }
        openingTimer = loop.timer(after: Self.openingTimeout) { [unowned self] in
            endOpening()
            wake()
        }
    }

    deinit {
        buffer.deallocate()
    }

    func stop() {
        watch?.cancel()
        openingTimer?.cancel()
        streams.output.onDrain = nil
        streams.errors.onDrain = nil
    }

    /// Moves what can be moved without waiting.
    func move() -> State {
        // libssh cannot write without reading, so nothing is sent either.
        guard !isBackedUp else { return .backedUp }
        // First, because libssh returns nothing more when it finds that the connection is lost.
        drain()
        channel.process()
        // libssh reads 4 KiB at a time: continue while the kernel has more, but give the other descriptors their turn.
        for _ in 0..<64 {
            let received = channel.bytesReceived
            drain()
            agent?.receive()
            guard !isBackedUp, channel.hasMore(since: received) else { break }
            channel.process()
        }
        agent?.send()
        sendInput()
        guard !isBackedUp else { return .backedUp }
        guard channel.isOver else { return .moving }
        drain()
        // What has looked like the beginning of the marker was output.
        endOpening()
        return streams.output.isEmpty && streams.errors.isEmpty ? .ended : .moving
    }

    private func drain() {
        drain(standardError: false, into: streams.output)
        drain(standardError: true, into: streams.errors)
    }

    /// Reads everything that libssh has, but only into an empty sink: each read makes libssh open the window again,
    /// so small reads from a full buffer would let it grow without bound.
    private func drain(standardError: Bool, into sink: OutputSink) {
        guard sink.isEmpty || sink.isGone else { return }
        while case .bytes(let count) = channel.read(into: buffer, standardError: standardError) {
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if !standardError, opening != nil {
                takeOpening(bytes)
            } else {
                show(bytes, on: sink)
            }
            if count < buffer.count, !sink.isEmpty { return }
        }
    }

    private func show(_ bytes: UnsafeRawBufferPointer, on sink: OutputSink) {
        guard streams.recorder?(bytes) ?? true else { return }
        sink.write(bytes)
        streams.observer?(.output(bytes))
    }

    private func takeOpening(_ bytes: UnsafeRawBufferPointer) {
        let shown = opening?.take(bytes)
        guard let shown else { return }
        endOpening()
        if !shown.isEmpty { shown.withUnsafeBytes { show($0, on: streams.output) } }
    }

    private func endOpening() {
        openingTimer?.cancel()
        guard let rest = opening?.rest else { return }
        opening = nil
        if !rest.isEmpty { rest.withUnsafeBytes { show($0, on: streams.output) } }
    }

    private var isBackedUp: Bool {
        guard let agents = agent.map(\.waiting) ?? 0 else { return true }
        return waiting(for: streams.output, standardError: false)
            + waiting(for: streams.errors, standardError: true) + agents > Self.limit
    }

    private func waiting(for sink: OutputSink, standardError: Bool) -> Int {
        sink.isEmpty ? 0 : sink.count + channel.waiting(standardError: standardError)
    }

    private func readInput() {
        guard toBuilder.isEmpty, input == .open else { return }
        let count = read(streams.input, buffer.baseAddress, buffer.count)
        if count > 0 {
            toBuilder.append(contentsOf: buffer[..<count])
            watch?.events = []
            streams.observer?(.input(count))
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            input = .ended
            watch?.events = []
        }
    }

    private func sendInput() {
        guard opening == nil else { return }
        while !toBuilder.isEmpty, !channel.hasPendingOutput {
            let room = min(channel.window, toBuilder.count)
            guard room > 0 else { break }
            let sent = toBuilder.withUnsafeBytes {
                channel.write(UnsafeRawBufferPointer(rebasing: $0[..<room]))
            }
            guard let sent else {
                // Nobody reads there any more; the end of the program arrives separately.
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
    var bytesReceived: UInt64 { session.traffic.bytesReceived }

    func process() { session.process() }

    func hasMore(since received: UInt64) -> Bool {
        // Reading one stream can also have read bytes of another, which are then no longer in the kernel.
        session.isConnected() && (session.socket.readable() > 0 || session.traffic.bytesReceived != received)
    }
}
