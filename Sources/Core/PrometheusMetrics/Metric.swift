/// What Prometheus collects under one name, and what it means. docs/metrics.md has a row for each.
public struct Metric: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// It only grows, and begins anew with what counts it.
        case counter
        case gauge
        case histogram
    }

    public let name: String
    public let kind: Kind
    /// The names of its labels, in the order in which values are given.
    public let labels: [String]
    /// One sentence.
    public let help: String

    public init(_ name: String, _ kind: Kind, labels: [String] = [], _ help: String) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.help = help
    }
}

/// One value of a metric.
public struct Sample: Equatable, Sendable {
    /// The values of the metric's labels.
    public var labels: [String]
    public var value: Double

    public init(_ labels: String..., value: Double) {
        self.labels = labels
        self.value = value
    }

    public init(_ labels: String..., value: Int) {
        self.labels = labels
        self.value = Double(value)
    }

    public init(labels: [String], value: Double) {
        self.labels = labels
        self.value = value
    }
}
