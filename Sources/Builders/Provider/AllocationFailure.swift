/// Why a provider has not allocated a machine.
public struct AllocationFailure: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    public enum Kind: Equatable, Sendable {
        /// Later it can be possible: the job waits.
        case notNow
        /// The job fails.
        case failed
    }

    public var kind: Kind
    /// One sentence for the job's log, without a capital letter and a full stop.
    public var description: String
    /// For the administrator only.
    public var detail: String
    /// Seconds until the next attempt, for `notNow`; nil: longer each time.
    public var retryInterval: Double?

    public init(_ kind: Kind, _ sentence: String, detail: String = "", retryInterval: Double? = nil) {
        self.kind = kind
        description = sentence
        self.detail = detail
        self.retryInterval = retryInterval
    }

    public var debugDescription: String {
        let sentence = "\(kind == .notNow ? "not now" : "failed"): \(description)"
        return detail.isEmpty ? sentence : "\(sentence) (\(detail))"
    }
}
