import AuthorizedKeys
import Glibc

/// The contents of the file $SSH_USER_AUTH, in which sshd names the methods with which this client really
/// authenticated.
///
/// One line each: `publickey <type> <base64>` for a key (sshd_config(5), ExposeAuthInfo).
struct UserAuthentication {
    let credentials: [Credential]

    /// - Parameter text: the contents of the file.
    init(text: some StringProtocol) {
        credentials = text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 3, words[0] == "publickey",
                let key = try? PublicKey(type: String(words[1]), base64: String(words[2]))
            else { return nil }
            return Credential(key)
        }
    }

    /// Makes sure that the key in the forced command's arguments is the one that authenticated.
    ///
    /// If our forced command is missing by mistake, a client can send our own command line with anyone's public key
    /// in it. Only sshd can write this file.
    ///
    /// - Returns: what the client has authenticated with.
    static func verify(_ key: PublicKey, file: String?) throws(Refusal) -> Credential {
        guard let file else {
            throw .unverifiedKey(
                "SSH_USER_AUTH is not set: ExposeAuthInfo is off, or the account cannot write to sshd's /tmp")
        }
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            throw .unverifiedKey("SSH_USER_AUTH: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
            status.st_mode & 0o077 == 0
        else { throw .unverifiedKey("SSH_USER_AUTH does not name a file as sshd makes it") }

        var bytes = [UInt8](repeating: 0, count: 256 << 10)
        var length = 0
        while length < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress! + length, $0.count - length)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw .unverifiedKey("SSH_USER_AUTH: \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            length += count
        }
        let text = String(decoding: bytes[..<length], as: UTF8.self)
        guard let credential = UserAuthentication(text: text).credentials.first(where: { $0.key == key })
        else {
            throw .unverifiedKey("the key in the arguments is not the key that sshd says has authenticated")
        }
        return credential
    }
}

/// What a client authenticates with: a key, or a certificate of one.
struct Credential: Equatable {
    /// The plain key; for a certificate, the key inside it.
    let key: PublicKey
    /// Nil: it is a plain key.
    let certificate: Certificate?

    /// Nil: it is no certificate that we understand.
    init?(_ shown: PublicKey) {
        guard Certificate.isCertificate(shown) else {
            key = shown
            certificate = nil
            return
        }
        guard let certificate = try? Certificate(shown) else { return nil }
        key = certificate.plainKey
        self.certificate = certificate
    }
}
