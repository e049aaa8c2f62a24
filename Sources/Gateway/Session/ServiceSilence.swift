import EventLoop

/// How long the build service has not said that a person may go on, and what follows from that.
struct ServiceSilence {
    enum Verdict: Equatable {
        case short
        /// Tell the person, once.
        case warn(silence: Duration, rest: Duration)
        case end
    }

    /// How long it can last. Zero: for ever.
    let limit: Duration
    private var lastAnswer: Instant
    private var hasWarned = false

    init(limit: Duration, since start: Instant) {
        self.limit = limit
        lastAnswer = start
    }

    mutating func answered(at now: Instant) {
        lastAnswer = now
        hasWarned = false
    }

    /// How long after `now` the service is asked in any case: when a quarter of the limit has passed. Nil: never.
    func nextQuestion(at now: Instant) -> Duration? {
        limit > .zero ? max(.zero, limit / 4 - age(at: now)) : nil
    }

    /// After the service has been asked in vain.
    mutating func verdict(at now: Instant) -> Verdict {
        let silence = age(at: now)
        guard limit > .zero, silence >= limit / 2 else { return .short }
        guard silence < limit else { return .end }
        guard !hasWarned else { return .short }
        hasWarned = true
        return .warn(silence: silence, rest: limit - silence)
    }

    private func age(at now: Instant) -> Duration {
        now - lastAnswer
    }
}
