import CLibSSH
import EventLoop
import Glibc

/// What a step of libssh's says when it must never wait.
enum Step {
    case done
    /// Call again when something has come, or when the socket takes more.
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
/// Its channels hold it, so that none of them outlives it.
final class SSHSession {
    let handle: ssh_session
    let socket: Socket
    private let counter = UnsafeMutablePointer<ssh_counter_struct>.allocate(capacity: 1)
    /// Must not move: libssh keeps the pointer.
    private let callbacks = UnsafeMutablePointer<ssh_callbacks_struct>.allocate(capacity: 1)
    /// Called by libssh while it processes packets, when the builder opens a channel to the client's agent. Nil refuses.
    private var makeAgentChannel: () -> SSHChannel? = { nil }

    /// - Parameters:
    ///   - socket: one that is connected.
    ///   - hostKeyTypes: the only ones to ask for; none: whatever libssh knows.
    init(over socket: Socket, user: String, hostKeyTypes: [String]) throws(SSHClientError) {
        handle = try Self.make(over: socket, user: user, hostKeyTypes: hostKeyTypes)
        self.socket = socket
        counter.initialize(to: ssh_counter_struct())
        ssh_set_counters(handle, nil, counter)
        callbacks.initialize(to: ssh_callbacks_struct())
        // The builder may open no channel to us: 1 refuses.
        ssh_set_message_callback(handle, { _, _, _ in 1 }, nil)
    }

    deinit {
        // libssh closes what it was given when the connection breaks, and else leaves it open.
        let own = ssh_get_fd(handle)
        ssh_disconnect(handle)
        if own >= 0 { close(own) }
        ssh_free(handle)
        counter.deallocate()
        callbacks.deallocate()
    }

    /// Version exchange and key exchange.
    func connect() -> Step {
        Step(ssh_connect(handle))
    }

    enum Authentication {
        case done, again, failed
        /// The builder does not accept this; it may accept something else.
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

    /// Lets the builder open channels to the client's agent. Before, and whatever else it opens, is refused.
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

    /// Reads what has come and writes what waits, without waiting.
    func process() {
        _ = ssh_execute_message_callbacks(handle)
    }

    /// Has the loop wait for whatever can go on next. A broken connection always can be read: nothing waits for it.
    func awaitSocket() {
        socket.awaited = !isConnected() ? [] : hasPendingOutput() ? [.readable, .writable] : .readable
    }

    /// Whether bytes wait that the socket did not take.
    func hasPendingOutput() -> Bool { ssh_get_poll_flags(handle) & SSH_WRITE_PENDING != 0 }

    func isConnected() -> Bool { ssh_is_connected(handle) != 0 }

    /// Asks for a sign of life. In non-blocking mode every second call only collects the answer of the one before.
    func sendKeepalive() {
        _ = ssh_send_keepalive(handle)
        _ = ssh_send_keepalive(handle)
    }

    /// Bytes that came from the builder so far.
    func bytesReceived() -> UInt64 { counter.pointee.in_bytes }

    /// What libssh says about the last failure. It may be stale: for the log only.
    func lastError() -> String {
        ssh_get_error(UnsafeMutableRawPointer(handle)).map { String(cString: $0) } ?? "no reason given"
    }
}
