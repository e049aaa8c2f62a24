/// Guesses which word someone has mistyped.
public enum NearestWord {
    /// The word that is most similar; nil: none is similar enough.
    public static func find(_ word: String, among words: [String]) -> String? {
        let typed = Array(word.lowercased().unicodeScalars.prefix(64))
        let near = words.map { (word: $0, distance: distance(typed, Array($0.lowercased().unicodeScalars))) }
            .min { $0.distance < $1.distance }
        guard let near, near.distance <= 2, near.distance * 2 < near.word.count else { return nil }
        return near.word
    }

    /// How many characters are added, removed, replaced or swapped with the next one (optimal string alignment).
    private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var rows = [Array(0...b.count)]
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    cost = min(cost, rows[i - 1][j - 1] + 1)
                }
                row.append(cost)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
