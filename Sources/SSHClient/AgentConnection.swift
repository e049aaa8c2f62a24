import EventLoop
import Glibc

/// One program's connection to the client's agent: carries bytes between a channel and the agent's socket, with
/// bounded memory in both directions.
final class AgentConnection {
    private static let chunk = 16 << 10

    private let channel: SSHChannel
    private let socket: AgentSocket
    private let sink: OutputSink
    private let wake: () -> Void
    private var watch: Watch?
    /// Bytes from the agent that have not been sent to the builder.
    private var toBuilder: [UInt8] = []
    private var agentHasEnded = false
    private var builderHasEnded = false
    /// Whether the builder has been told that the agent has ended.
    private var isClosing = false
    /// Whether the builder has closed the channel. It must not be freed earlier: until then the builder can send,
    /// and libssh would keep those bytes even for a channel that we have freed.
    private(set) var hasEnded = false

    init(
        _ socket: consuming AgentSocket, _ channel: SSHChannel, on loop: EventLoop, wake: @escaping () -> Void
    ) {
        sink = OutputSink(socket.descriptor, on: loop)
        self.wake = wake
        self.channel = channel
        self.socket = socket
        sink.onDrain = { [unowned self] in self.wake() }
        watch = loop.watch(self.socket.descriptor, for: .readable) { [unowned self] _ in
            listen()
            self.wake()
        }
    }

    deinit {
        watch?.cancel()
    }

    private func listen() {
        guard toBuilder.isEmpty, !agentHasEnded else { return }
        toBuilder = [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, count in
            let result = read(socket.descriptor, buffer.baseAddress, buffer.count)
            count = max(0, result)
            agentHasEnded = result == 0 || (result < 0 && errno != EAGAIN && errno != EINTR)
        }
        if !toBuilder.isEmpty || agentHasEnded { watch?.events = [] }
    }

    /// Sends the agent's bytes to the builder, as far as possible without waiting.
    func send() {
        while !toBuilder.isEmpty, !channel.session.hasPendingOutput() {
            let room = min(channel.window, toBuilder.count)
            guard room > 0 else { return }
            let sent = toBuilder.withUnsafeBytes {
                channel.write(UnsafeRawBufferPointer(rebasing: $0[..<room]))
            }
            // Nobody reads there any more; the end of the channel arrives separately.
            toBuilder.removeFirst(sent ?? toBuilder.count)
            if sent == 0 { return }
        }
        guard toBuilder.isEmpty, !isClosing else { return }
        if agentHasEnded {
            isClosing = true
            channel.close()
        } else {
            watch?.events = .readable
        }
    }

    /// Bytes from the builder that the agent has not taken.
    var waiting: Int { sink.isEmpty ? 0 : sink.count + channel.waiting(standardError: false) }

    /// Passes the builder's bytes to the agent.
    func receive() {
        // Reads everything that libssh has, but only after the earlier bytes have been written; Pump says why.
        while sink.isEmpty || sink.isGone, handOver() {}
        guard sink.isEmpty || sink.isGone else { return }
        if channel.fate.isClosed {
            hasEnded = true
        } else if channel.isAtEnd, !builderHasEnded {
            builderHasEnded = true
            socket.endWriting()
        }
    }

    /// False if there is nothing to read now.
    private func handOver() -> Bool {
        withUnsafeTemporaryAllocation(byteCount: Self.chunk, alignment: 1) { buffer in
            guard case .bytes(let count) = channel.read(into: buffer, standardError: false) else {
                return false
            }
            sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            return true
        }
    }
}
