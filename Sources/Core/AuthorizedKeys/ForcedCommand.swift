/// The forced command of an authorized_keys line: `exec <shell> [--config <path>] --key <type> <base64>`.
///
/// It begins with `exec`, because sshd has the account's login shell run it: a sh(1) that stays would die of a Ctrl-C
/// and lose the exit status.
///
/// sallyport-dispatch prints it and sallyport-shell reads it. Both use this one type, so that the shell can refuse
/// anything that does not have exactly this shape.
public struct ForcedCommand: Hashable, Sendable {
    /// The absolute path of sallyport-shell.
    public let shell: String
    /// Nil: the default configuration.
    public let config: String?
    /// The plain key that was offered, never a certificate.
    public let key: PublicKey

    /// Nil if a path is not absolute, or contains something that sh(1) or sshd could misread.
    public init?(shell: String, config: String? = nil, key: PublicKey) {
        guard Self.isPath(shell), config.map(Self.isPath) ?? true, !Certificate.isCertificate(key) else {
            return nil
        }
        self.shell = shell
        self.config = config
        self.key = key
    }

    /// The text between the quotes of `command="…"`. No character in it needs quoting, for sshd or for sh(1).
    public var text: String {
        let config = config.map { " --config \($0)" } ?? ""
        return "exec \(shell)\(config) --key \(key.line)"
    }

    /// Parses the text; nil unless it is exactly what `text` returns.
    public init?(text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        self.init(arguments: words.dropFirst().map(String.init))
        guard self.text == text else { return nil }
    }

    /// Parses the arguments, after sh(1) has split the text into words and executed the program.
    public init?(arguments: [String]) {
        var rest = arguments[...]
        guard let shell = rest.popFirst() else { return nil }
        var config: String?
        if rest.first == "--config" {
            rest.removeFirst()
            guard let path = rest.popFirst() else { return nil }
            config = path
        }
        guard rest.popFirst() == "--key", rest.count == 2, let type = rest.popFirst(),
            let base64 = rest.popFirst(),
            let key = try? PublicKey(type: type, base64: base64)
        else { return nil }
        self.init(shell: shell, config: config, key: key)
    }

    /// The most bytes of a path. One argument of execve(2) has at most 128 KiB; no path comes close.
    private static let maximumPathLength = 1024

    static func isPath(_ path: String) -> Bool {
        path.utf8.first == UInt8(ascii: "/") && path.utf8.count <= maximumPathLength
            && path.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"),
                    UInt8(ascii: "."),
                    UInt8(ascii: "_"), UInt8(ascii: "+"):
                    true
                default: false
                }
            }
    }
}
