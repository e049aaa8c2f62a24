import AuthorizedKeys

/// A line of the file that `[runner] tokens` names, `name role hash`: which token has which role. Only the client has
/// the token itself.
public struct TokenEntry: Equatable, Sendable {
    /// A name for the administrator's own use: 1 to 64 letters, digits, `-`, `_` and `.`.
    public let name: String
    public let role: Role
    /// SHA-256 of the token. One round is enough, because a token is random and cannot be guessed.
    public let hash: [UInt8]

    /// Nil: the name is invalid.
    public init?(name: String, role: Role, token: String) {
        self.init(name: name, role: role, hash: Self.hash(of: token))
    }

    /// Nil: the line is invalid.
    public init?(line: Substring) {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard words.count == 3, let role = Role(rawValue: String(words[1])), let hash = Self.bytes(words[2])
        else { return nil }
        self.init(name: String(words[0]), role: role, hash: hash)
    }

    private init?(name: String, role: Role, hash: [UInt8]) {
        guard (1...64).contains(name.utf8.count),
            name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) })
        else { return nil }
        self.name = name
        self.role = role
        self.hash = hash
    }

    public var line: String { "\(name) \(role.rawValue) \(hash.hexadecimal)" }

    public static func hash(of token: String) -> [UInt8] { SHA256.digest(of: Array(token.utf8)) }

    /// 256 bits, after a prefix by which people recognise a secret that must not be in a log.
    public static func newToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return "sallyport_"
            + (0..<4).map { _ in
                let digits = String(generator.next() as UInt64, radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }.joined()
    }

    private static func bytes(_ digits: Substring) -> [UInt8]? {
        let values = digits.utf8.map { Character(UnicodeScalar($0)).hexDigitValue.map(UInt8.init) }
        guard values.count == 64, !values.contains(nil) else { return nil }
        let halves = values.compactMap(\.self)
        return (0..<32).map { halves[2 * $0] << 4 | halves[2 * $0 + 1] }
    }
}
