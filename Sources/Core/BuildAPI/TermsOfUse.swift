/// What people accept before they enter a builder: the answer to `GET /v1/terms`.
public struct TermsOfUse: Codable, Equatable, Sendable {
    /// A different text has a different version.
    public var version: String
    /// For people to read; can have several lines.
    public var text: String

    public init(version: String, text: String) {
        self.version = version
        self.text = text
    }
}

extension Problem {
    /// The `type` of the refusal of a claim (403) whose person has not accepted the terms of use yet.
    public static let termsType = "urn:sallyport:terms"
}
