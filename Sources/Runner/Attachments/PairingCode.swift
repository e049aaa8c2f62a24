/// What somebody enters to have a machine that is nobody's: `K7M-2QX`.
///
/// 28^6 codes, 480 million, are enough, since each is good for five minutes and once, and only people who are known can
/// guess, a few times in an hour.
struct PairingCode: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// As people read and type it.
    let text: String

    private static let count = 6

    /// A new one, by chance.
    init() {
        self.init(letters: ReadableLetters.random(Self.count))
    }

    /// Nil: no code looks like that. Small letters, and hyphens anywhere, are people's own.
    init?(entered text: String) {
        guard let letters = ReadableLetters.read(text, count: Self.count) else { return nil }
        self.init(letters: letters)
    }

    private init(letters: [Character]) {
        text = ReadableLetters.grouped(letters).uppercased()
    }

    /// It gets into no log.
    var description: String { "a code" }
    var debugDescription: String { description }
}
