import AuthorizedKeys

/// The word with which an attached machine comes back after its connection was lost: 40 letters and digits, by chance.
struct AttachmentSecret: Equatable, Sendable {
    /// What is stored of it.
    struct Hash: Equatable, Sendable {
        let bytes: [UInt8]

        /// Whether it is the hash of that word. The time this takes does not depend on where the hashes differ.
        func isOf(_ word: String) -> Bool {
            let other = SHA256.digest(of: Array(word.utf8))
            return other.count == bytes.count && zip(other, bytes).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
        }
    }

    /// What the machine is told, once.
    let word: String

    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")

    /// A new one, by chance.
    init() {
        var generator = SystemRandomNumberGenerator()
        word = String((0..<40).map { _ in Self.letters[Int.random(in: 0..<62, using: &generator)] })
    }

    var hash: Hash { Hash(bytes: SHA256.digest(of: Array(word.utf8))) }
}
