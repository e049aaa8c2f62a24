/// What somebody has to agree to before they enter a builder (API v1: *terms*).
public struct TermsOfUse: Codable, Equatable, Sendable {
    public var version: String
    public var text: String

    public init(version: String, text: String) {
        self.version = version
        self.text = text
    }
}
