/// What somebody enters to have a machine that is nobody's: `K7M-2QX`.
///
/// 28^6 codes, 480 million, are enough, since each is good for five minutes and once, and only people who are known can
/// guess, a few times in an hour.
struct PairingCode: Hashable, Sendable, ReadableWord, CustomStringConvertible, CustomDebugStringConvertible {
    static let count = 6

    /// As people read and type it: in capital letters.
    let text: String

    init(text: String) { self.text = text.uppercased() }

    /// It gets into no log.
    var description: String { "a code" }
    var debugDescription: String { description }
}
