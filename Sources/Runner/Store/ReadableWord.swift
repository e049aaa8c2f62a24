/// A word that people copy by hand, in two groups: `kmn4-7pqr`.
protocol ReadableWord {
    /// How many letters it has.
    static var count: Int { get }

    /// - Parameter text: with the hyphen, in small letters.
    init(text: String)
}

extension ReadableWord {
    /// A new one, by chance.
    init() {
        var generator = SystemRandomNumberGenerator()
        self.init(letters: (0..<Self.count).map { _ in readableLetters.randomElement(using: &generator)! })
    }

    /// Nil: no word looks like that. Capital letters, and hyphens anywhere, are people's own.
    init?(entered text: String) {
        let letters = Array(text.lowercased().filter { $0 != "-" })
        guard letters.count == Self.count, letters.allSatisfy(readableLetters.contains) else { return nil }
        self.init(letters: letters)
    }

    private init(letters: [Character]) {
        let half = letters.count / 2
        self.init(text: String(letters.prefix(half)) + "-" + String(letters.dropFirst(half)))
    }
}

/// Without vowels and without what looks like something else.
private let readableLetters = Array("23456789bcdfghjkmnpqrstvwxyz")
