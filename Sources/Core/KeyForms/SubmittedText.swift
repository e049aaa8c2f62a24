import AuthorizedKeys

/// What a person has sent as a key, as text, and what can be seen of it before any line is read.
struct SubmittedText {
    struct Line {
        /// From 1.
        let number: Int
        /// Without blanks and quotes around it; neither empty nor a comment.
        let content: String
    }

    private let text: String
    private let bytes: [UInt8]
    let lines: [Line]

    init(_ sent: some Collection<UInt8>) {
        bytes = Array(sent)
        text = Self.decoded(bytes)
        var lines: [Line] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            let content = Self.trimmed(line)
            if !content.isEmpty, !content.hasPrefix("#") {
                lines.append(Line(number: index + 1, content: content))
            }
        }
        self.lines = lines
    }

    /// Whether it is, or has in it, a private key of any kind, even one that is broken, indented or without its first
    /// line.
    var isPrivateKey: Bool {
        let dense = text.filter { !$0.isWhitespace }
        // What is appended to a text in UTF-16 does not have to be UTF-16, and what looks like UTF-16 does not have to be.
        let raw = String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
        let marks = [
            "PRIVATEKEY", "PuTTY-User-Key-File", "AGE-SECRET-KEY-", "SSHPRIVATEKEYFILEFORMAT",
            // OpenSSH's own form, in base64: "openssh-key-v1".
            "b3BlbnNzaC1rZXktdjE",
        ]
        if marks.contains(where: { dense.contains($0) || raw.contains($0) }) { return true }
        if bytes.starts(with: "openssh-key-v1".utf8) { return true }
        // A JSON Web Key's private number.
        if dense.contains(#""kty":"#), dense.contains(#""d":"#) { return true }
        return Self.isPrivateDER(bytes)
            || lines.contains { Self.isPrivateDER(Base64Text.prefix(of: $0.content)) }
    }

    /// A form that is not one of OpenSSH's, or cannot be read here.
    var foreignForm: KeyFormError? {
        if text.contains("BEGIN RSA PUBLIC KEY") { return .pemRSA }
        if text.contains("BEGIN PUBLIC KEY") { return .pem }
        if text.contains("BEGIN CERTIFICATE") || text.contains("BEGIN TRUSTED CERTIFICATE") { return .x509 }
        if text.contains("BEGIN PGP") { return .pgp }
        if lines.first?.content.hasPrefix("age1") == true { return .age }
        if lines.first?.content.hasPrefix("<") == true { return .page }
        return text.utf8.contains { $0 < 0x20 && !(0x09...0x0d).contains($0) } ? .binary : nil
    }

    /// A SEQUENCE that begins with a small INTEGER: PKCS #1, #8 and #12 and SEC 1 begin with their version, a public key
    /// with another SEQUENCE.
    private static func isPrivateDER(_ bytes: [UInt8]) -> Bool {
        guard bytes.count > 8, bytes[0] == 0x30 else { return false }
        let start = bytes[1] < 0x80 ? 2 : 2 + Int(bytes[1] & 0x7f)
        return start < 6 && bytes[start] == 0x02 && bytes[start + 1] == 0x01 && bytes[start + 2] <= 3
    }

    private static func decoded(_ bytes: [UInt8]) -> String {
        func words(_ high: Int) -> [UInt16] {
            stride(from: 0, to: bytes.count - 1, by: 2).map {
                UInt16(bytes[$0 + high]) << 8 | UInt16(bytes[$0 + 1 - high])
            }
        }
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) {
            return String(decoding: bytes.dropFirst(3), as: UTF8.self)
        }
        // Windows' shells write UTF-16, with a mark or without one.
        if bytes.starts(with: [0xff, 0xfe]) { return String(decoding: words(1).dropFirst(), as: UTF16.self) }
        if bytes.starts(with: [0xfe, 0xff]) { return String(decoding: words(0).dropFirst(), as: UTF16.self) }
        if bytes.count > 3, bytes[0] != 0, bytes[1] == 0, bytes[2] != 0, bytes[3] == 0 {
            return String(decoding: words(1), as: UTF16.self)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func trimmed(_ line: Substring) -> String {
        var line = line.drop(while: \.isWhitespace)
        while line.last?.isWhitespace == true { line.removeLast() }
        for quote in ["\"", "'", "`"] where line.count > 1 && line.hasPrefix(quote) && line.hasSuffix(quote) {
            line = line.dropFirst().dropLast()
        }
        return String(line)
    }
}

/// The beginning of a text in base64.
private enum Base64Text {
    /// At most nine bytes.
    static func prefix(of text: String) -> [UInt8] {
        let digits = text.utf8.prefix(12)
        guard digits.count == 12 else { return [] }
        return (try? PublicKey.decode(base64: String(decoding: digits, as: UTF8.self))) ?? []
    }
}
