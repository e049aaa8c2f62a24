import CLibSSH
import EventLoop
import Glibc

/// The result of a libssh call that must not wait.
enum Step {
    case done
    /// Call again when the socket is readable, or can take more.
    case again
    case failed

    init(_ result: CInt) {
        switch result {
        case SSH_OK: self = .done
        case SSH_AGAIN: self = .again
        default: self = .failed
        }
    }
}

/// A libssh session as a client, non-blocking from the start; its last reference disconnects.
///
/// Its channels keep it, so none of them outlives it.
final class SSHSession {
    let handle: ssh_session
    let socket: Socket
    let log = LibSSHLog()
    let traffic: SSHTraffic
    /// Must not move: libssh keeps the pointer.
    private let callbacks = UnsafeMutablePointer<ssh_callbacks_struct>.allocate(capacity: 1)
    /// Called by libssh while it processes packets, when the builder opens a channel to the client's agent. Nil
    /// refuses.
    private var makeAgentChannel: () -> SSHChannel? = { nil }
    /// The host key of the first key exchange, which has been checked.
    private var firstHostKey: ssh_key?

    /// - Parameters:
    ///   - socket: a connected one.
    ///   - hostKeyTypes: the only types to ask for; empty: all that libssh supports.
    init(over socket: Socket, user: String, hostKeyTypes: [String]) throws(SSHClientError) {
        log.listen()
        handle = try Self.make(over: socket, user: user, hostKeyTypes: hostKeyTypes)
        self.socket = socket
        traffic = SSHTraffic(of: handle)
        callbacks.initialize(to: ssh_callbacks_struct())
        // The builder must not open channels to us: 1 refuses them.
        ssh_set_message_callback(handle, { _, _, _ in 1 }, nil)
    }

    deinit {
        // libssh closes its descriptor when the connection is lost, and otherwise leaves it open.
        let own = ssh_get_fd(handle)
        ssh_disconnect(handle)
        ssh_key_free(firstHostKey)
        if own >= 0 { close(own) }
        ssh_free(handle)
        callbacks.deallocate()
    }

    /// Version exchange and key exchange.
    func connect() -> Step {
        let step = Step(ssh_connect(handle))
        if case .done = step { firstHostKey = hostKey() }
        return step
    }

    /// Whether the builder has shown another host key in a later key exchange; libssh does not ask about that.
    var hasNewHostKey: Bool {
        guard let now = hostKey() else { return firstHostKey != nil }
        defer { ssh_key_free(now) }
        return ssh_key_cmp(firstHostKey, now, SSH_KEY_CMP_PUBLIC) != 0
    }

    /// The host key of the last key exchange; to be freed.
    func hostKey() -> ssh_key? {
        var key: ssh_key?
        return ssh_get_server_publickey(handle, &key) == SSH_OK ? key : nil
    }

    enum Authentication {
        case done, again, failed
        /// The builder does not accept this method, but can accept another.
        case refused
    }

    func authenticate(with method: BuilderCredentials.Method) -> Authentication {
        let result =
            switch method {
            case .publicKey(let key): ssh_userauth_publickey(handle, nil, key)
            case .none: ssh_userauth_none(handle, nil)
            case .emptyPassword: ssh_userauth_password(handle, nil, "")
            }
        return switch result {
        case CInt(SSH_AUTH_SUCCESS.rawValue): .done
        case CInt(SSH_AUTH_AGAIN.rawValue): .again
        case CInt(SSH_AUTH_DENIED.rawValue), CInt(SSH_AUTH_PARTIAL.rawValue): .refused
        default: .failed
        }
    }

    /// Lets the builder open channels to the client's agent. Earlier ones, and all other channels, are refused.
    func acceptAgentChannels(_ make: @escaping () -> SSHChannel?) {
        makeAgentChannel = make
        callbacks.pointee.size = MemoryLayout<ssh_callbacks_struct>.size
        callbacks.pointee.userdata = Unmanaged.passUnretained(self).toOpaque()
        callbacks.pointee.channel_open_request_auth_agent_function = { _, context in
            guard let context else { return nil }
            return Unmanaged<SSHSession>.fromOpaque(context).takeUnretainedValue().makeAgentChannel()?.handle
        }
        ssh_set_callbacks(handle, callbacks)
    }

    /// Reads what has arrived and writes what waits, without waiting.
    func process() {
        log.listen()
        _ = ssh_execute_message_callbacks(handle)
    }

    /// Makes the loop wait for the next event. A lost connection is always readable, so the loop does not wait for it.
    func awaitSocket() {
        socket.awaited = !isConnected() ? [] : hasPendingOutput() ? [.readable, .writable] : .readable
    }

    /// Whether there are bytes that the socket has not taken.
    func hasPendingOutput() -> Bool {
        guard ssh_get_poll_flags(handle) & SSH_WRITE_PENDING == 0 else { return true }
        traffic.queueIsEmpty()
        return false
    }

    /// Whether libssh has given up the connection and not closed it: it takes no packet any more, answers “again” to some
    /// calls, and keeps whatever arrives.
    var isStuck: Bool { isConnected() && ssh_get_status(handle) & SSH_CLOSED_ERROR != 0 }

    func isConnected() -> Bool { ssh_is_connected(handle) != 0 }

    /// Asks for a sign of life. In non-blocking mode every second call only collects the answer to the previous one.
    func sendKeepalive() {
        _ = ssh_send_keepalive(handle)
        _ = ssh_send_keepalive(handle)
    }

    /// Whether libssh has refused a packet, or had no memory for one, and goes on all the same with whatever it has kept
    /// of it.
    var hasDroppedPacket: Bool {
        guard ssh_get_error_code(UnsafeMutableRawPointer(handle)) == CInt(SSH_FATAL.rawValue) else {
            return false
        }
        let error = lastError()
        return error.hasPrefix("Invalid packet") || error.hasSuffix("Out of memory")
    }

    /// libssh's message about the last failure. It can be stale, so it is only for the log.
    func lastError() -> String {
        ssh_get_error(UnsafeMutableRawPointer(handle)).map { String(cString: $0) } ?? "no reason given"
    }
}
