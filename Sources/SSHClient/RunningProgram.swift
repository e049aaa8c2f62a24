import EventLoop

/// A program that is running on the builder: its channel, its bytes, the agent that it can use, and the keepalive.
final class RunningProgram {
    enum State {
        case running
        /// All its bytes have been written.
        case ended(RemoteEnding)
        case lost(SSHClientError)
    }

    private let channel: SSHChannel
    private let pump: Pump
    private let keepalive: Keepalive
    private let loop: EventLoop

    /// - Parameters:
    ///   - ready: called by the loop when `move()` has something to do.
    ///   - silent: called with how long the builder has been silent, when that is too long.
    init(
        _ start: ProgramStart, on loop: EventLoop, ready: @escaping () -> Void,
        silent: @escaping (Duration) -> Void
    ) {
        channel = start.channel
        self.loop = loop
        if let size = start.newSize { start.channel.changeTerminalSize(size) }
        pump = Pump(
            start.streams, start.channel, agent: start.agent,
            readyMarker: start.announcesReady ? Terminal.readyMarker : nil, on: loop, wake: ready)
        keepalive = Keepalive(in: start.channel.session, on: loop, asked: ready, silent: silent)
    }

    /// Stops using the client's streams at once.
    func stop() {
        pump.stop()
        keepalive.stop()
    }

    func resize(_ size: TerminalSize) {
        channel.changeTerminalSize(size)
        channel.session.awaitSocket()
    }

    /// Moves what can be moved without waiting, and has the loop wait for the rest.
    func move() -> State {
        let state = pump.move()
        guard !channel.session.hasDroppedPacket else {
            return .lost(SSHClientError(.lost, channel.session.lastError()))
        }
        guard !keepalive.hasFoundNewHostKey else { return .lost(Self.newHostKey) }
        if let excess = channel.session.traffic.excess(at: loop.now) { return .lost(excess) }
        guard state == .ended || !channel.session.isStuck else {
            return .lost(SSHClientError(.lost, channel.session.lastError()))
        }
        switch state {
        case .moving:
            keepalive.isPaused = false
            channel.session.awaitSocket()
            return .running
        case .backedUp:
            guard !channel.session.log.hasOverrun else {
                return .lost(SSHClientError(.overrun, "more than its windows, while nobody reads"))
            }
            // TCP stops the builder; it cannot answer to signs of life that nobody reads.
            keepalive.isPaused = true
            channel.session.socket.awaited = []
            return .running
        case .ended:
            // If the connection is lost before the last of the output has been read, some output is missing, whatever the
            // builder has said of the program's end.
            guard channel.isAtEnd, channel.fate.isClosed || channel.fate.ending != .unknown else {
                let reason = channel.session.lastError()
                return .lost(SSHClientError(.lost, "the connection ended before the channel: \(reason)"))
            }
            guard !channel.session.hasNewHostKey else { return .lost(Self.newHostKey) }
            return .ended(channel.fate.ending)
        }
    }

    private static let newHostKey = SSHClientError(
        .hostKeyMismatch, "the builder has shown another host key in a later key exchange")
}
