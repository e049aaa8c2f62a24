import CLibSSH
import Glibc

/// The gateway's private key for builders.
public struct BuilderIdentity: ~Copyable {
    let key: ssh_key

    private init(adopting key: ssh_key) {
        self.key = key
    }

    deinit {
        ssh_key_free(key)
    }

    /// Reads a private key without a passphrase, in OpenSSH's or PEM form.
    ///
    /// - Parameter path: a file that belongs to this process's user, or root, and that nobody else can read.
    public static func read(_ path: String) throws(SSHClientError) -> BuilderIdentity {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw SSHClientError(.misconfigured, "\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw SSHClientError(.misconfigured, "\(path) is not a regular file")
        }
        guard status.st_mode & 0o077 == 0, status.st_uid == geteuid() || status.st_uid == 0 else {
            throw SSHClientError(.misconfigured, "\(path) must belong to the account, with mode 0600")
        }
        let limit = 64 << 10
        let text = UnsafeMutableRawPointer.allocate(byteCount: limit + 1, alignment: 1)
        defer {
            explicit_bzero(text, limit + 1)
            text.deallocate()
        }
        var count = 0
        while count < limit {
            let part = Glibc.read(descriptor, text + count, limit - count)
            if part < 0, errno == EINTR { continue }
            guard part >= 0 else {
                throw SSHClientError(.misconfigured, "\(path): \(String(cString: strerror(errno)))")
            }
            if part == 0 { break }
            count += part
        }
        text.storeBytes(of: 0, toByteOffset: count, as: CChar.self)
        var key: ssh_key?
        let result = ssh_pki_import_privkey_base64(
            text.assumingMemoryBound(to: CChar.self), nil, nil, nil, &key)
        guard result == SSH_OK, let key else {
            throw SSHClientError(.misconfigured, "\(path) is not a private key without a passphrase")
        }
        return BuilderIdentity(adopting: key)
    }

    /// Its public half, in base64.
    public func publicKey() throws(SSHClientError) -> String {
        var half: ssh_key?
        var text: UnsafeMutablePointer<CChar>?
        guard ssh_pki_export_privkey_to_pubkey(key, &half) == SSH_OK, let half else {
            throw SSHClientError(.misconfigured, "the gateway's key has no public half")
        }
        defer { ssh_key_free(half) }
        guard ssh_pki_export_pubkey_base64(half, &text) == SSH_OK, let text else {
            throw SSHClientError(.misconfigured, "the gateway's public key cannot be written")
        }
        defer { ssh_string_free_char(text) }
        return String(cString: text)
    }
}
