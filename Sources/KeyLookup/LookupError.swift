/// Why a lookup has no answer; for the administrator's log.
public struct LookupError: Error, Equatable, Sendable {
    public let cause: String
    /// Whether the same lookup can succeed later. Until then an older answer is good enough.
    public let isTransient: Bool
    /// Whether the service has answered, and its source of people has not.
    public let peopleAreUnknown: Bool

    public init(_ cause: String, isTransient: Bool = false, peopleAreUnknown: Bool = false) {
        self.cause = cause
        self.isTransient = isTransient
        self.peopleAreUnknown = peopleAreUnknown
    }
}
