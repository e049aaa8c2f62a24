/// Closes idle sessions, in which nothing has been typed or shown for a while: a state machine without a clock.
struct IdleLimit {
    enum Verdict: Equatable {
        /// Ask again after this time.
        case wait(Duration)
        /// Say that the session will be closed after this time, and ask again then.
        case warn(before: Duration)
        case close
    }

    let limit: Duration
    private let warningAfter: Duration
    private var hasWarned = false

    /// - Parameter limit: more than zero.
    init(_ limit: Duration) {
        self.limit = limit
        warningAfter = max(limit - .seconds(60), limit / 2)
    }

    /// - Parameter idle: how long nothing has been typed or shown.
    mutating func verdict(after idle: Duration) -> Verdict {
        if idle >= limit { return .close }
        if idle < warningAfter {
            hasWarned = false
            return .wait(warningAfter - idle)
        }
        if hasWarned { return .wait(limit - idle) }
        hasWarned = true
        return .warn(before: limit - idle)
    }
}
