import EventLoop

/// Lets programs on the builder use the client's agent: each channel that the builder opens for it becomes a connection
/// to the agent's socket (draft-ietf-sshm-ssh-agent, "Forwarding access to an agent").
///
/// Every other channel from the builder is refused, and also an agent's channel after this object is gone.
final class AgentForwarding {
    /// The most connections at once.
    private static let limit = 16
    /// The most bytes that wait for one of them before nothing more is read from the builder: a request has at most so many.
    private static let mostWaiting = 256 << 10

    private let socket: String
    private let loop: EventLoop
    /// Called when `send` and `receive` have something to do.
    private let wake: () -> Void
    private var connections: [AgentConnection] = []

    /// - Parameter socket: the path of the agent's socket.
    init(to socket: String, in session: SSHSession, on loop: EventLoop, wake: @escaping () -> Void) {
        self.socket = socket
        self.loop = loop
        self.wake = wake
        session.acceptAgentChannels { [weak self, unowned session] in self?.open(in: session) }
    }

    /// Called by libssh while it processes packets. Nil refuses the channel.
    private func open(in session: SSHSession) -> SSHChannel? {
        guard connections.count < Self.limit, let agent = AgentSocket.connected(to: socket),
            let channel = try? SSHChannel(in: session)
        else { return nil }
        connections.append(AgentConnection(agent, channel, on: loop, wake: wake))
        return channel
    }

    /// Bytes that the agents have not taken; nil: too many for one of them.
    var waiting: Int? {
        var sum = 0
        for connection in connections {
            let waiting = connection.waiting
            guard waiting <= Self.mostWaiting else { return nil }
            sum += waiting
        }
        return sum
    }

    /// Sends the agents' bytes to the builder, as far as possible without waiting.
    func send() {
        // A copy: libssh can process packets in any call, and so open another one.
        for connection in connections { connection.send() }
    }

    /// Passes the builder's bytes to the agents, and frees connections that have ended.
    func receive() {
        guard !connections.isEmpty else { return }
        for connection in connections { connection.receive() }
        let ended = connections.filter(\.hasEnded)
        connections.removeAll(where: \.hasEnded)
        // Freed here and not while the list changes: libssh can process packets when it closes a channel, too.
        withExtendedLifetime(ended) {}
    }
}
