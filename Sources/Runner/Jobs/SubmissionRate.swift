import FoundationEssentials

/// How often owners submit: a token bucket for each of them, which holds a minute's submissions.
struct SubmissionRate: Sendable {
    private struct Bucket {
        var tokens: Double
        var filled: Date
    }

    let perMinute: Int
    /// By the owner's id: there are never more than people and groups.
    private var buckets: [String: Bucket] = [:]

    init(perMinute: Int) {
        self.perMinute = perMinute
    }

    /// Counts a submission, unless it comes too early.
    ///
    /// - Returns: how many seconds too early; nil: it does not.
    mutating func take(of owner: String, at now: Date) -> Int? {
        let perSecond = Double(perMinute) / 60
        var bucket = buckets[owner] ?? Bucket(tokens: Double(perMinute), filled: now)
        // The clock can be set back.
        let elapsed = max(0, now.timeIntervalSince(bucket.filled))
        bucket.tokens = min(Double(perMinute), bucket.tokens + elapsed * perSecond)
        bucket.filled = now
        defer { buckets[owner] = bucket }
        guard bucket.tokens >= 1 else { return Int(((1 - bucket.tokens) / perSecond).rounded(.up)) }
        bucket.tokens -= 1
        return nil
    }
}
