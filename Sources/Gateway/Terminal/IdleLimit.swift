import EventLoop

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
    /// When something was typed or shown the last time before the warning.
    private var warnedOf: Instant?

    /// - Parameter limit: more than zero.
    init(_ limit: Duration) {
        self.limit = limit
        warningAfter = max(limit - .seconds(60), limit / 2)
    }

    /// - Parameters:
    ///   - lastTraffic: when something was typed or shown the last time.
    ///   - idle: how long ago that was.
    mutating func verdict(since lastTraffic: Instant, idle: Duration) -> Verdict {
        if idle >= limit { return .close }
        if idle < warningAfter { return .wait(warningAfter - idle) }
        if warnedOf == lastTraffic { return .wait(limit - idle) }
        warnedOf = lastTraffic
        return .warn(before: limit - idle)
    }
}
