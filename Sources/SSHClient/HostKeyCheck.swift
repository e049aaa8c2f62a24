import CLibSSH

/// Checks the host key that a builder shows before anything is sent that authenticates us.
struct HostKeyCheck {
    /// `<type> <base64>` each.
    private let pins: [String]
    private let acceptsUnknownKey: ((String) -> Bool)?

    /// - Parameter acceptsUnknownKey: called only if nothing is pinned; nil: no key is accepted then.
    init(pins: [String], acceptsUnknownKey: ((String) -> Bool)?) {
        self.pins = pins
        self.acceptsUnknownKey = acceptsUnknownKey
    }

    /// The types of the pinned keys, so that a builder with several keys shows a pinned one; in the words of
    /// SSH_OPTIONS_HOSTKEYS.
    var types: [String] {
        pins.flatMap { pin in
            let type = pin.prefix { $0 != " " }
            return type == "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [String(type)]
        }
    }

    /// Judges the key that the builder has shown in the key exchange.
    func judge(_ session: SSHSession) throws(SSHClientError) {
        if pins.isEmpty, let acceptsUnknownKey {
            guard let key = Self.key(shownIn: session), acceptsUnknownKey(key) else {
                throw SSHClientError(.hostKeyMismatch, "the key that was shown is not accepted")
            }
        } else {
            guard isPinned(in: session) else {
                throw SSHClientError(
                    .hostKeyMismatch, "none of the \(pins.count) pinned host keys was shown")
            }
        }
    }

    /// Why the key exchange failed. We offer only the types of the pinned keys, so a builder with other types has
    /// none in common with us; libssh reports that only as text.
    func failure(of session: SSHSession) -> SSHClientError {
        let reason = session.lastError()
        let hasNoSuchKey = reason.contains("kex error : no match for method server host key")
        return SSHClientError(hasNoSuchKey ? .hostKeyMismatch : .lost, "exchanging keys: \(reason)")
    }

    private func isPinned(in session: SSHSession) -> Bool {
        guard let shown = session.hostKey() else { return false }
        defer { ssh_key_free(shown) }
        return pins.contains { pin in
            let words = pin.split(separator: " ")
            guard words.count >= 2 else { return false }
            var key: ssh_key?
            let type = ssh_key_type_from_name(String(words[0]))
            guard ssh_pki_import_pubkey_base64(String(words[1]), type, &key) == SSH_OK, let key else {
                return false
            }
            defer { ssh_key_free(key) }
            return ssh_key_cmp(shown, key, SSH_KEY_CMP_PUBLIC) == 0
        }
    }

    /// `<type> <base64>` of the key that the builder has shown.
    static func key(shownIn session: SSHSession) -> String? {
        guard let shown = session.hostKey() else { return nil }
        defer { ssh_key_free(shown) }
        var base64: UnsafeMutablePointer<CChar>?
        guard let type = ssh_key_type_to_char(ssh_key_type(shown)),
            ssh_pki_export_pubkey_base64(shown, &base64) == SSH_OK, let base64
        else { return nil }
        defer { ssh_string_free_char(base64) }
        return "\(String(cString: type)) \(String(cString: base64))"
    }
}
