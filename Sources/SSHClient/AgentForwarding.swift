import CLibSSH
import EventLoop

/// Lets programs on the builder use the client's agent: each channel that the builder opens for it becomes a connection
/// to the agent's socket (draft-ietf-sshm-ssh-agent, "Forwarding access to an agent").
///
/// Whatever else the builder wants to open stays refused. Must not be freed before its session.
final class AgentForwarding {
    /// Connections at once; one more is refused. A hostile builder can have each of them hold about 3 MB.
    private static let limit = 16

    private let socket: String
    private let loop: EventLoop
    /// To be called when `send` and `receive` have something to do.
    private let wake: () -> Void
    /// Must not move: libssh keeps the pointer for as long as there is a session.
    private let callbacks: UnsafeMutablePointer<ssh_callbacks_struct>
    private var connections: [AgentConnection] = []

    /// - Parameter socket: the path of the agent's socket.
    init(
        to socket: String, in session: borrowing SSHSession, on loop: EventLoop, wake: @escaping () -> Void
    ) {
        self.socket = socket
        self.loop = loop
        self.wake = wake
        callbacks = .allocate(capacity: 1)
        callbacks.initialize(to: ssh_callbacks_struct())
        callbacks.pointee.size = MemoryLayout<ssh_callbacks_struct>.size
        callbacks.pointee.userdata = Unmanaged.passUnretained(self).toOpaque()
        callbacks.pointee.channel_open_request_auth_agent_function = { session, context in
            Unmanaged<AgentForwarding>.fromOpaque(context!).takeUnretainedValue().open(in: session)
        }
        ssh_set_callbacks(session.handle, callbacks)
    }

    deinit {
        callbacks.deallocate()
    }

    /// Called by libssh while it processes packets. Nil refuses the channel.
    private func open(in session: ssh_session?) -> ssh_channel? {
        guard connections.count < Self.limit, let session, let agent = AgentSocket.connected(to: socket),
            let handle = ssh_channel_new(session)
        else { return nil }
        connections.append(
            AgentConnection(agent, SSHChannel(adopting: handle), on: loop) { [unowned self] in wake() })
        return handle
    }

    /// Sends what agents have said, as far as that is possible without waiting.
    func send(in session: borrowing SSHSession) {
        // A copy: libssh may process packets at any call, and so open another one.
        for connection in connections { connection.send(in: session) }
    }

    /// Hands to agents what has come for them, and lets those go that have ended.
    func receive() {
        guard !connections.isEmpty else { return }
        for connection in connections { connection.receive() }
        let ended = connections.filter(\.hasEnded)
        connections.removeAll(where: \.hasEnded)
        // Freed here and not while the list changes: to close a channel libssh may process packets too.
        withExtendedLifetime(ended) {}
    }

    /// Ends all connections, and refuses others.
    func stop() {
        callbacks.pointee.channel_open_request_auth_agent_function = nil
        connections = []
    }
}
