/// What is known of a builder once its SSH server has answered.
public struct ReadyBuilder: Equatable, Sendable {
    /// Whether the service's host authority certifies its host keys.
    public var isCertified: Bool

    public init(isCertified: Bool) {
        self.isCertified = isCertified
    }
}
