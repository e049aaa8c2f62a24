/// The letters of words that people copy by hand: without vowels and without what looks like something else.
enum ReadableLetters {
    private static let all = Array("23456789bcdfghjkmnpqrstvwxyz")

    /// By chance.
    static func random(_ count: Int) -> [Character] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in all.randomElement(using: &generator)! }
    }

    /// Nil: it is no such word. Capital letters, and hyphens anywhere, are people's own.
    static func read(_ text: String, count: Int) -> [Character]? {
        let letters = Array(text.lowercased().filter { $0 != "-" })
        return letters.count == count && letters.allSatisfy(all.contains) ? letters : nil
    }

    /// In two groups: `kmn4-7pqr`.
    static func grouped(_ letters: [Character]) -> String {
        String(letters.prefix(letters.count / 2)) + "-" + String(letters.dropFirst(letters.count / 2))
    }
}
