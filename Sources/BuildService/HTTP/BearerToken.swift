public import ConfigurationFile

/// A bearer token (RFC 6750, section 2.1). What it prints as says nothing of it.
public struct BearerToken: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    private let value: String

    /// Nil: what is no token could change the head of a request that it stands in.
    public init?(_ text: some StringProtocol) {
        let letters = text.utf8.reversed().drop { $0 == UInt8(ascii: "=") }
        guard !letters.isEmpty, text.utf8.count <= 4096,
            letters.allSatisfy({
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-._~+/".utf8.contains($0)
                }
            })
        else { return nil }
        value = String(text)
    }

    /// The only line of a file that nobody else can read.
    public init(file path: String) throws(ConfigurationError) {
        let lines = try SmallFile.read(path, for: .nobody).split(whereSeparator: \.isNewline)
        guard lines.count == 1, let token = BearerToken(lines[0]) else {
            throw ConfigurationError(path: path, expected: "expected one line with a token")
        }
        self = token
    }

    /// The header field that shows it to a service.
    var authorization: String { "Authorization: Bearer \(value)" }

    public var description: String { "(a token)" }
    public var debugDescription: String { description }
}
