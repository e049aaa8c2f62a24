import Foundation

/// A line of the report.
struct Figure: Sendable {
    var name: String
    var value: Double
    var unit: String
    /// The figure that this one is divided by, if there is one.
    var baseline: (name: String, value: Double)?

    /// `bench <name> <value> <unit> <ratio> <against>`
    var line: String {
        let comparison = baseline.map { "\(Self.text(value / $0.value)) \($0.name)" } ?? "- -"
        return "bench \(name) \(Self.text(value)) \(unit) \(comparison)"
    }

    var ratio: Double? { baseline.map { value / $0.value } }

    /// Whether more is better.
    var isBetterHigher: Bool { unit.hasSuffix("/s") }

    /// Three decimal places if they mean something.
    static func text(_ value: Double) -> String {
        String(format: value < 10 ? "%.3f" : "%.1f", value)
    }
}

extension Figure {
    /// Reads ``line``; nil: it is another one.
    init?(line: String) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 6, words[0] == "bench", let value = Double(words[2]) else { return nil }
        let ratio = Double(words[4])
        self.init(
            name: words[1], value: value, unit: words[3],
            baseline: ratio.flatMap { $0 > 0 ? (words[5], value / $0) : nil })
    }
}

extension [Double] {
    /// The smallest value that this part of all values does not exceed.
    func percentile(_ part: Double) -> Double {
        let index = Int((part * Double(count)).rounded(.up)) - 1
        return sorted()[Swift.min(Swift.max(index, 0), count - 1)]
    }

    var median: Double {
        let all = sorted()
        return (all[(count - 1) / 2] + all[count / 2]) / 2
    }
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
}
