import BuildAPI

/// One thing that is wrong with a manifest, and where.
struct ManifestFault: Equatable, Sendable {
    /// Nil: the manifest as a whole.
    var place: TextPlace?
    /// Whether the column says more than the line does.
    var showsColumn = false
    /// `environment.A`, for example.
    var key: String?
    /// What is wrong and what to do, without a full stop at its end.
    var sentence: String

    /// `line 3, column 1: a tab; YAML indents with blanks.`
    var description: String {
        let column = showsColumn ? place.map { "column \($0.column)" } : nil
        let words = [place.map { "line \($0.line)" }, column, key].compactMap(\.self).joined(separator: ", ")
        return (words.isEmpty ? "Manifest" : words) + ": \(sentence)."
    }
}

/// A place in a text; both numbers begin with 1, and a column is a Unicode scalar.
struct TextPlace: Equatable, Sendable {
    var line: Int
    var column: Int
}

extension RunnerError {
    /// How many faults of a manifest are named at once.
    static let namedFaults = 50

    /// - Parameters:
    ///   - faults: at least one, in any order.
    ///   - more: how many there are after these.
    init(_ faults: [ManifestFault], more: Int = 0) {
        let sorted = faults.enumerated().sorted {
            ($0.element.place?.line ?? 0, $0.offset) < ($1.element.place?.line ?? 0, $1.offset)
        }.map(\.element)
        var named = sorted.prefix(Self.namedFaults).map {
            Problem.Fault(
                line: $0.place?.line, column: $0.place?.column, key: $0.key, detail: $0.description)
        }
        let unnamed = sorted.count - named.count + more
        if unnamed > 0 { named.append(.init(detail: "There are \(unnamed) more.")) }
        self.init(
            .unprocessable(line: sorted.first?.place?.line, key: sorted.first?.key),
            named.map(\.detail).joined(separator: " "), faults: named)
    }
}
