import ArgumentParser
import Foundation

/// The lines that an earlier run has printed, kept in a file.
struct KeptRun: Sendable, ExpressibleByArgument {
    /// What is worse by more than this part is said.
    private static let tolerance = 0.1

    private let figures: [String: Figure]

    /// Nil: the file cannot be read, or has no line of a figure.
    init?(argument path: String) {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        self.init(text: text)
    }

    init?(text: String) {
        let figures = text.split(separator: "\n").compactMap { Figure(line: String($0)) }
        guard !figures.isEmpty else { return nil }
        self.figures = Dictionary(figures.map { ($0.name, $0) }) { _, last in last }
    }

    /// A line about a figure that is worse by more than a tenth; nil: it is not, or was not measured then.
    ///
    /// Ratios are compared where both have one with the same figure, because a machine is not always as fast.
    func complaint(about figure: Figure) -> String? {
        guard let kept = figures[figure.name], kept.unit == figure.unit else { return nil }
        let hasSameBaseline = kept.baseline?.name == figure.baseline?.name
        let (now, before, what) =
            if let ratio = figure.ratio, let earlier = kept.ratio, hasSameBaseline {
                (ratio, earlier, "the ratio to \(figure.baseline?.name ?? "")")
            } else {
                (figure.value, kept.value, figure.unit)
            }
        guard before > 0 else { return nil }
        let change = figure.isBetterHigher ? before / now : now / before
        guard change > 1 + Self.tolerance else { return nil }
        return "worse \(figure.name) \(Figure.text(now)), was \(Figure.text(before)): \(what)"
    }
}
