import AuthorizedKeys
import BuildAPI
import Presentation

/// One line that a machine's script is told.
enum AttachmentOrder: Equatable {
    /// The protocol's number.
    case hello
    case job(JobID, name: String?)
    /// With which the same machine comes back.
    case secret(String)
    /// Of a host key, `<type> <base64>`.
    case certificate(String)
    /// A line of authorized_keys for the machine's SSH server, and the one that goes.
    case key(String)
    case unkey(base64: String)
    case ready
    case refuse(String)
    /// For the CI's log.
    case say(String)
    /// Start a session.
    case open(StreamID)
    /// The machine has ended.
    case end(String)
    case alive

    /// The protocol that we speak.
    static let version = 1

    /// Without its end. No text in it, whoever has written it, makes a second line of it.
    var line: String {
        switch self {
        case .hello: "sallyport \(Self.version)"
        case .job(let job, let name): "job \(job)" + (name.map { " \($0)" } ?? "")
        case .secret(let word): "secret \(word)"
        case .certificate(let certificate): "certificate \(certificate)"
        case .key(let line): "key \(line)"
        case .unkey(let base64): "unkey \(base64)"
        case .ready: "ready"
        case .refuse(let text): "refuse \(Self.printable(text))"
        case .say(let text): "say \(Self.printable(text))"
        case .open(let stream): "open \(stream)"
        case .end(let text): "end \(Self.printable(text))"
        case .alive: "alive"
        }
    }

    /// A scalar has at most four bytes, and a line 4096.
    private static func printable(_ text: String) -> String { HostileText.printable(text, limit: 1000) }

    /// For a machine that the service has accepted: who it is, and whom it lets in; nil: the service's answer cannot be
    /// told to a shell script.
    ///
    /// - Parameter key: the gateway's own, for the machine's SSH server.
    static func welcome(_ attachment: Attachment, key: PublicKey) -> [AttachmentOrder]? {
        guard let secret = attachment.secret, AttachmentMessage.isSecret(secret) else { return nil }
        let certificates = (attachment.certificates ?? []).compactMap { text -> AttachmentOrder? in
            let words = text.split(separator: " ").map(String.init)
            guard words.count == 2, let key = try? PublicKey(type: words[0], base64: words[1]),
                Certificate.isCertificate(key), key.line.utf8.count < 4000
            else { return nil }
            return .certificate(key.line)
        }
        let name = attachment.job.name.flatMap(JobName.init)?.description
        return [.job(attachment.job.id, name: name), .secret(secret)] + certificates + [
            .key(line(of: key)), .ready,
        ]
    }

    /// The line of authorized_keys that admits a key.
    ///
    /// A security key has been touched at the gateway, or need not be: the machine does not ask.
    static func line(of key: PublicKey) -> String {
        (key.isOfSecurityKey ? "no-touch-required " : "") + "\(key.line) sallyport"
    }
}
