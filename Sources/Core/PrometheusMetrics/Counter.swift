import Synchronization

/// Counts events, one number for each combination of labels. Their values are words of ours and names in the configuration, so
/// that there are few.
public final class Counter: Sendable {
    public let metric: Metric
    private let values: Mutex<[[String]: Double]>

    /// - Parameter expected: combinations that begin with 0, because Prometheus notices no first event otherwise.
    public init(_ metric: Metric, expecting expected: [[String]] = []) {
        self.metric = metric
        let all = metric.labels.isEmpty ? [[]] : expected
        values = Mutex(Dictionary(all.map { ($0, 0) }, uniquingKeysWith: { one, _ in one }))
    }

    public func count(_ labels: String...) {
        precondition(metric.labels.count == labels.count, "\(metric.name) has other labels")
        values.withLock { $0[labels, default: 0] += 1 }
    }

    public var samples: [Sample] {
        values.withLock { values in values.map { Sample(labels: $0.key, value: $0.value) } }
    }
}
