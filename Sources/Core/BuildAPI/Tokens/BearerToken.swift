/// A bearer token (RFC 6750, section 2.1). Printing it does not reveal it.
public struct BearerToken: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    private let value: String

    /// Nil: it is not a token. Other text could change the head of a request that contains it.
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

    /// The header field that sends it to a service.
    package var authorization: String { "Authorization: Bearer \(value)" }

    public var description: String { "(a token)" }
    public var debugDescription: String { description }
}
