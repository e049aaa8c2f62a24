import Synchronization

/// Counts durations by how long they were, for each combination of labels.
public final class Histogram: Sendable {
    struct Series: Equatable {
        var labels: [String]
        /// How many were in each bucket, and in none of those before it; the last one has no bound.
        var counts: [Int]
        /// Seconds.
        var sum = 0.0
    }

    /// Seconds of what somebody waits for at a terminal.
    public static let answers = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    /// Seconds of what machines need: some allocators make a job wait for a day.
    public static let machines = [
        0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400,
    ]

    public let metric: Metric
    /// The upper bounds of the buckets in seconds, which belong to them.
    public let bounds: [Double]
    private let all = Mutex<[[String]: Series]>([:])

    public init(_ metric: Metric, bounds: [Double]) {
        self.metric = metric
        self.bounds = bounds
    }

    /// - Parameter seconds: a negative time, by a clock that was set back, counts as none.
    public func observe(_ seconds: Double, _ labels: String...) {
        observe(seconds, labels: labels)
    }

    /// The time since then.
    public func observe(since start: ContinuousClock.Instant, _ labels: String...) {
        observe(start.duration(to: .now) / .seconds(1), labels: labels)
    }

    private func observe(_ seconds: Double, labels: [String]) {
        precondition(metric.labels.count == labels.count, "\(metric.name) has other labels")
        let seconds = max(0, seconds)
        let bucket = bounds.firstIndex { seconds <= $0 } ?? bounds.count
        all.withLock { [bounds] all in
            var series =
                all[labels] ?? Series(labels: labels, counts: Array(repeating: 0, count: bounds.count + 1))
            series.counts[bucket] += 1
            series.sum += seconds
            all[labels] = series
        }
    }

    /// In order.
    var series: [Series] {
        all.withLock { Array($0.values) }.sorted { $0.labels.lexicographicallyPrecedes($1.labels) }
    }
}
