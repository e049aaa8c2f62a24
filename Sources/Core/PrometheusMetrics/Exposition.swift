/// The text that Prometheus reads: its text-based format, version 0.0.4.
public struct Exposition: Sendable {
    /// For the header Content-Type.
    public static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    public private(set) var text = ""

    /// Labels of every sample.
    private let common: [(name: String, value: String)]

    /// - Parameter common: labels that every sample has besides those of its metric.
    public init(common: [(name: String, value: String)] = []) {
        self.common = common
    }

    /// Adds a metric, each only once. Without samples, there is nothing but what it means.
    public mutating func add(_ metric: Metric, _ samples: [Sample]) {
        begin(metric)
        for sample in samples.sorted(by: { $0.labels.lexicographicallyPrecedes($1.labels) }) {
            line(metric.name, pairs(metric, sample.labels), sample.value)
        }
    }

    /// Adds a metric without labels.
    ///
    /// - Parameter value: nil: it is unknown.
    public mutating func add(_ metric: Metric, _ value: Double?) {
        add(metric, value.map { [Sample(value: $0)] } ?? [])
    }

    public mutating func add(_ metric: Metric, _ value: Int?) {
        add(metric, value.map { Double($0) })
    }

    public mutating func add(_ counter: Counter) {
        add(counter.metric, counter.samples)
    }

    public mutating func add(_ histogram: Histogram) {
        begin(histogram.metric)
        let name = histogram.metric.name
        for series in histogram.series {
            let pairs = pairs(histogram.metric, series.labels)
            var count = 0
            for (bound, inside) in zip(histogram.bounds + [.infinity], series.counts) {
                count += inside
                line("\(name)_bucket", pairs + [("le", Self.number(bound))], Double(count))
            }
            line("\(name)_sum", pairs, series.sum)
            line("\(name)_count", pairs, Double(count))
        }
    }

    // MARK: Lines

    private mutating func begin(_ metric: Metric) {
        text += "# HELP \(metric.name) \(Self.escaped(metric.help))\n"
        text += "# TYPE \(metric.name) \(metric.kind.rawValue)\n"
    }

    private mutating func line(_ name: String, _ pairs: [(name: String, value: String)], _ value: Double) {
        let labels = pairs.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
        text += name + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}")
        text += " \(Self.number(value))\n"
    }

    private func pairs(_ metric: Metric, _ values: [String]) -> [(name: String, value: String)] {
        precondition(metric.labels.count == values.count, "\(metric.name) has other labels")
        return common + zip(metric.labels, values).map { ($0, $1) }
    }

    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func number(_ value: Double) -> String {
        switch value {
        case .infinity: "+Inf"
        case -.infinity: "-Inf"
        case _ where value.isNaN: "NaN"
        default: Int64(exactly: value).map { "\($0)" } ?? "\(value)"
        }
    }
}
