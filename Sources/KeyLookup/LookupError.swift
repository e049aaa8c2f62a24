/// Why a lookup has no answer; for the administrator's log.
public struct LookupError: Error, Equatable, Sendable {
    public let cause: String
    /// Whether the same lookup can succeed later. Until then an older answer is good enough.
    public let isTransient: Bool

    public init(_ cause: String, isTransient: Bool = false) {
        self.cause = cause
        self.isTransient = isTransient
    }
}
