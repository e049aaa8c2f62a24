import AuthorizedKeys

/// The word with which people confirm a key: `kmn4-7pqr`.
///
/// 28^8 words are enough, since a key is pending for a day and for a few attempts only.
struct ConfirmationWord: Equatable, ReadableWord {
    static let count = 8

    /// As people read and type it.
    let text: String

    /// What is stored of it.
    ///
    /// - Parameters:
    ///   - fingerprint: of the key that it confirms.
    ///   - person: who gets the key.
    func hash(for fingerprint: String, of person: Int64) -> [UInt8] {
        SHA256.digest(of: Array("\(fingerprint) \(person) \(text)".utf8))
    }

    /// The time this takes does not depend on where the hashes differ.
    func hasHash(_ stored: [UInt8], for fingerprint: String, of person: Int64) -> Bool {
        let hash = hash(for: fingerprint, of: person)
        return hash.count == stored.count && zip(hash, stored).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
