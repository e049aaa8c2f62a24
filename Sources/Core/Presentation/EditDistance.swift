/// How far one word is from another.
public enum EditDistance {
    /// How many elements have to be inserted, removed or replaced, or exchanged with their neighbour, to make one word
    /// the other: the optimal string alignment distance of Damerau and Levenshtein.
    ///
    /// It takes as many steps as the product of the lengths.
    public static func between<Word: Collection>(_ one: Word, _ other: Word) -> Int
    where Word.Element: Equatable {
        let (one, other) = (Array(one), Array(other))
        var before: [Int] = []
        var last = Array(0...other.count)
        for row in 0..<one.count {
            var next = [row + 1]
            for column in 0..<other.count {
                let isSame = one[row] == other[column]
                var least = min(last[column + 1] + 1, next[column] + 1, last[column] + (isSame ? 0 : 1))
                if row > 0, column > 0, one[row] == other[column - 1], one[row - 1] == other[column] {
                    least = min(least, before[column - 1] + 1)
                }
                next.append(least)
            }
            (before, last) = (last, next)
        }
        return last[other.count]
    }
}
