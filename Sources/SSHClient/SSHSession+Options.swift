import CLibSSH
import CLinux
import Glibc

extension SSHSession {
    /// A libssh session with all its options, which has not sent anything.
    ///
    /// It has a duplicate of the socket's descriptor, for the reason in `deinit`: after libssh has closed a
    /// descriptor, its number can belong to something else.
    static func make(
        over socket: Socket, user: String, hostKeyTypes: [String]
    ) throws(SSHClientError) -> ssh_session {
        // libssh's own check of the name permits a newline.
        guard !user.isEmpty, user.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw SSHClientError(.misconfigured, "the builder's user is not a name")
        }
        guard let handle = ssh_new() else { throw SSHClientError(.lost, "ssh_new: out of memory") }
        var descriptor = sp_fcntl(socket.descriptor, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else {
            ssh_free(handle)
            throw SSHClientError(.lost, "dup: \(String(cString: strerror(errno)))")
        }
        ssh_set_blocking(handle, 0)
        var off = false
        let algorithms = hostKeyTypes.joined(separator: ",")
        // Files first: libssh must not read the configuration or known_hosts of the account or the system.
        let isSet =
            ssh_options_set(handle, SSH_OPTIONS_PROCESS_CONFIG, &off) == SSH_OK
            && ssh_options_set(handle, SSH_OPTIONS_HOST, "builder") == SSH_OK
            && ssh_options_set(handle, SSH_OPTIONS_USER, user) == SSH_OK
            && ssh_options_set(handle, SSH_OPTIONS_FD, &descriptor) == SSH_OK
            && ssh_options_set(handle, SSH_OPTIONS_KNOWNHOSTS, "/dev/null") == SSH_OK
            && ssh_options_set(handle, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") == SSH_OK
            && (algorithms.isEmpty || ssh_options_set(handle, SSH_OPTIONS_HOSTKEYS, algorithms) == SSH_OK)
            && ssh_options_set(handle, SSH_OPTIONS_CIPHERS_C_S, ciphers) == SSH_OK
            && ssh_options_set(handle, SSH_OPTIONS_CIPHERS_S_C, ciphers) == SSH_OK
            // Otherwise a builder could insist on it, and a few of its bytes would become many here. RFC 4253 section 6.2
            // requires everyone to do without it.
            && ssh_options_set(handle, SSH_OPTIONS_COMPRESSION, "none") == SSH_OK
        guard isSet else {
            let reason = ssh_get_error(UnsafeMutableRawPointer(handle)).map { String(cString: $0) }
            ssh_free(handle)
            close(descriptor)
            throw SSHClientError(.misconfigured, "libssh refuses an option: \(reason ?? "no reason given")")
        }
        return handle
    }

    private static let ciphers =
        "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr"
}
