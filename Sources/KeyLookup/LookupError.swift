/// Why it is not known whether a key is known; for the administrator's log.
public struct LookupError: Error, Equatable, Sendable {
    public let cause: String
    /// Whether the same question may be answered in a while. Until then an older answer will do.
    public let isTransient: Bool

    public init(_ cause: String, isTransient: Bool = false) {
        self.cause = cause
        self.isTransient = isTransient
    }
}
