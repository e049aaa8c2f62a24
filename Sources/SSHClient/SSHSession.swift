import CLibSSH
import Glibc

/// What a step of libssh's says when it must never wait.
enum Step {
    case done
    /// Call again when the socket is ready for `SSHSession.pollEvents`.
    case again
    case failed
}

/// A libssh session as a client, non-blocking from the start.
///
/// It borrows its socket: libssh closes a descriptor that it was given only when the connection breaks, so the owner
/// has to ask `abandonSocket()` which of them has to.
struct SSHSession: ~Copyable {
    let handle: ssh_session
    private let counter: UnsafeMutablePointer<ssh_counter_struct>

    private init(adopting handle: ssh_session) {
        self.handle = handle
        counter = .allocate(capacity: 1)
        counter.initialize(to: ssh_counter_struct())
    }

    deinit {
        ssh_free(handle)
        counter.deallocate()
    }

    /// - Parameter descriptor: a connected TCP socket.
    static func make(descriptor: CInt, to builder: BuilderAddress) throws(SSHClientError) -> SSHSession {
        guard let handle = ssh_new() else { throw SSHClientError(.lost, "ssh_new: out of memory") }
        let session = SSHSession(adopting: handle)
        ssh_set_blocking(handle, 0)

        // A newline passes libssh's own check of the name.
        guard !builder.user.isEmpty, builder.user.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw SSHClientError(.misconfigured, "the builder's user is not a name")
        }
        var algorithms: [String] = []
        for key in builder.hostKeys {
            let type = key.prefix { $0 != " " }
            algorithms += type == "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [String(type)]
        }
        var off = false
        var port = CUnsignedInt(builder.port)
        var descriptor = descriptor
        // Files first: libssh must not look at any configuration or known_hosts of the account's or the system's.
        let isSet =
            ssh_options_set(handle, SSH_OPTIONS_PROCESS_CONFIG, &off) == SSH_OK
            && ssh_options_set(handle, SSH_OPTIONS_HOST, "builder") == SSH_OK
            && ssh_options_set(handle, SSH_OPTIONS_PORT, &port) == SSH_OK
            && ssh_options_set(handle, SSH_OPTIONS_USER, builder.user) == SSH_OK
            && ssh_options_set(handle, SSH_OPTIONS_FD, &descriptor) == SSH_OK
            && ssh_options_set(handle, SSH_OPTIONS_KNOWNHOSTS, "/dev/null") == SSH_OK
            && ssh_options_set(handle, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") == SSH_OK
            && (algorithms.isEmpty
                || ssh_options_set(handle, SSH_OPTIONS_HOSTKEYS, algorithms.joined(separator: ",")) == SSH_OK)
            && ssh_options_set(handle, SSH_OPTIONS_CIPHERS_C_S, ciphers) == SSH_OK
            && ssh_options_set(handle, SSH_OPTIONS_CIPHERS_S_C, ciphers) == SSH_OK
        guard isSet else {
            throw SSHClientError(.misconfigured, "libssh refuses an option: \(session.lastError())")
        }
        ssh_set_counters(handle, nil, session.counter)
        // The builder may open no channel to us: 1 refuses.
        ssh_set_message_callback(handle, { _, _, _ in 1 }, nil)
        return session
    }

    /// Version exchange and key exchange.
    func connect() -> Step {
        Self.step(ssh_connect(handle))
    }

    /// Whether the builder has shown one of the pinned keys. To be asked before anything authenticates us.
    func showsKey(among pins: [String]) -> Bool {
        var shown: ssh_key?
        guard ssh_get_server_publickey(handle, &shown) == SSH_OK, let shown else { return false }
        defer { ssh_key_free(shown) }
        for pin in pins {
            let words = pin.split(separator: " ")
            guard words.count >= 2 else { continue }
            var key: ssh_key?
            let type = ssh_key_type_from_name(String(words[0]))
            guard ssh_pki_import_pubkey_base64(String(words[1]), type, &key) == SSH_OK, let key else {
                continue
            }
            defer { ssh_key_free(key) }
            if ssh_key_cmp(shown, key, SSH_KEY_CMP_PUBLIC) == 0 { return true }
        }
        return false
    }

    /// The key that the builder has shown: `<type> <base64>`.
    func shownKey() -> String? {
        var shown: ssh_key?
        guard ssh_get_server_publickey(handle, &shown) == SSH_OK, let shown else { return nil }
        defer { ssh_key_free(shown) }
        var base64: UnsafeMutablePointer<CChar>?
        guard let type = ssh_key_type_to_char(ssh_key_type(shown)),
            ssh_pki_export_pubkey_base64(shown, &base64) == SSH_OK, let base64
        else { return nil }
        defer { ssh_string_free_char(base64) }
        return "\(String(cString: type)) \(String(cString: base64))"
    }

    enum Authentication {
        case done, again, failed
        /// The builder does not accept this; it may accept something else.
        case refused
    }

    func authenticate(
        with method: BuilderCredentials.Method, _ credentials: borrowing BuilderCredentials
    ) -> Authentication {
        let result =
            switch method {
            case .publicKey: ssh_userauth_publickey(handle, nil, credentials.key)
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

    /// Reads what has come and writes what waits, without waiting.
    func process() {
        _ = ssh_execute_message_callbacks(handle)
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

    /// Says good-bye. True when the descriptor is still open and the caller's to close.
    func abandonSocket() -> Bool {
        let isOpen = ssh_get_fd(handle) >= 0
        ssh_disconnect(handle)
        return isOpen
    }

    static func step(_ result: CInt) -> Step {
        switch result {
        case SSH_OK: .done
        case SSH_AGAIN: .again
        default: .failed
        }
    }

    private static let ciphers =
        "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr"
}
