/// How far a backspace can go: where the cursor is, at least, in a line that a log writes after its name.
///
/// Terminals differ in how wide they show a character, and their width is unknown. So a cluster of scalars counts as one
/// column, and what may take none does not count.
struct LinePosition {
    enum Backspace { case nowhere, oneColumn, toStart }

    /// Clusters between the beginning, or the last tab, and the cursor.
    private var count = 0
    /// The largest count at which a backspace has followed a character.
    private var farthest = 0
    /// How often that has grown. Each time, the line may just have filled the terminal: then the cursor still stands *on*
    /// the last column, and the backspace goes one column further than it seems.
    private var doubts = 0
    private var isGoingBack = false
    private var hasTab = false
    /// The last character with what belongs to it; empty: it was a simple one.
    private var cluster = String.UnicodeScalarView()
    /// Scalars.
    private static let longestCluster = 32

    /// A character is shown.
    mutating func advance(over scalar: Unicode.Scalar) {
        isGoingBack = false
        let isSimple = Self.isSimple(scalar)
        guard !isSimple || !cluster.isEmpty else {
            count += 1
            return
        }
        guard isSimple || cluster.count < Self.longestCluster else { return }
        if cluster.isEmpty { cluster.append("x") }
        cluster.append(scalar)
        let isPart = String(cluster).count == 1
        if isSimple {
            cluster = String.UnicodeScalarView()
        } else if !isPart {
            cluster = String.UnicodeScalarView([scalar])
        }
        if !isPart, !Self.mayTakeNoColumn(scalar) { count += 1 }
    }

    /// A tab is shown. It does not always move the cursor, so nothing before it is reached any more.
    mutating func tab() {
        self = LinePosition()
        hasTab = true
    }

    mutating func goBack() -> Backspace {
        guard count > 0 else { return .nowhere }
        if !isGoingBack, count > farthest {
            farthest = count
            doubts += 1
        }
        isGoingBack = true
        cluster = String.UnicodeScalarView()
        if count == 1, !hasTab {
            self = LinePosition()
            return .toStart
        }
        guard count > doubts else { return .nowhere }
        count -= 1
        return .oneColumn
    }

    /// Whether it can be seen, takes a column, and is no part of another such character: most letters of most logs.
    /// Unicode's tables would say so too, and take many times as long.
    static func isSimple(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7e, 0xc0...0x2ff, 0x391...0x3a1, 0x3a3...0x3ce, 0x400...0x482: true
        // Punctuation, kana and ideographs.
        case 0x3001...0x3011, 0x3041...0x3096, 0x30a1...0x30fe, 0x3400...0x4dbf, 0x4e00...0x9fff: true
        default: false
        }
    }

    /// Whether it is shown over the character before it, or can be a part of it.
    private static func mayTakeNoColumn(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .format, .unassigned: true
        // Vowels and finals of Hangul.
        default: (0x1160...0x11ff).contains(scalar.value) || (0xd7b0...0xd7ff).contains(scalar.value)
        }
    }
}
