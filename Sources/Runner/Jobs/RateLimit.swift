import FoundationEssentials

/// How often each of many can do something: a token bucket for each of them, which holds as many as the limit.
struct RateLimit: Sendable {
    private struct Bucket {
        var tokens: Double
        var filled: Date
    }

    /// How many in `period`.
    let most: Int
    /// Seconds.
    private let period: Double
    /// By a name. Full ones are forgotten when there are many.
    private var buckets: [String: Bucket] = [:]
    private var mostBuckets = leastBuckets

    /// Strangers can have any number of names.
    private static let leastBuckets = 1000

    /// - Parameter period: seconds.
    init(_ most: Int, in period: Double) {
        self.most = most
        self.period = period
    }

    private var perSecond: Double { Double(most) / period }

    /// Counts one more, unless it comes too early.
    ///
    /// - Returns: how many seconds too early; nil: it does not.
    mutating func take(of name: String, at now: Date) -> Int? {
        var bucket = filled(buckets[name], at: now)
        defer {
            buckets[name] = bucket
            prune(at: now)
        }
        guard bucket.tokens >= 1 else { return Int(((1 - bucket.tokens) / perSecond).rounded(.up)) }
        bucket.tokens -= 1
        return nil
    }

    /// What was counted last should not have been.
    mutating func giveBack(of name: String) {
        guard let tokens = buckets[name]?.tokens else { return }
        buckets[name]?.tokens = min(Double(most), tokens + 1)
    }

    private func filled(_ bucket: Bucket?, at now: Date) -> Bucket {
        guard let bucket else { return Bucket(tokens: Double(most), filled: now) }
        // The clock can be set back.
        let elapsed = max(0, now.timeIntervalSince(bucket.filled))
        return Bucket(tokens: min(Double(most), bucket.tokens + elapsed * perSecond), filled: now)
    }

    private mutating func prune(at now: Date) {
        guard buckets.count > mostBuckets else { return }
        buckets = buckets.filter { filled($0.value, at: now).tokens < Double(most) }
        mostBuckets = max(Self.leastBuckets, 2 * buckets.count)
    }
}
