/// Guesses which word someone has mistyped.
public enum NearestWord {
    /// The word that is most similar; nil: none is similar enough.
    public static func find(_ word: String, among words: [String]) -> String? {
        let typed = Array(word.lowercased().unicodeScalars.prefix(64))
        let near = words.map { word in
            (word: word, distance: EditDistance.between(typed, Array(word.lowercased().unicodeScalars)))
        }.min { $0.distance < $1.distance }
        guard let near, near.distance <= 2, near.distance * 2 < near.word.count else { return nil }
        return near.word
    }
}
