/// What is known of a builder once its SSH server has answered.
public struct ReadyBuilder: Equatable, Sendable {
    /// Whether the service's host authority certifies its host keys.
    public var isCertified: Bool
    /// The host keys that it has shown first, `<type> <base64>` each, for which nobody vouches; nil: they were known before.
    public var firstKeys: [String]?

    public init(isCertified: Bool, firstKeys: [String]? = nil) {
        self.isCertified = isCertified
        self.firstKeys = firstKeys
    }
}
