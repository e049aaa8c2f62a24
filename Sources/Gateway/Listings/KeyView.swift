import BuildAPI
import FoundationEssentials
import Presentation

/// A key as people see it.
struct KeyView: Encodable {
    let fingerprint: String
    let type: String
    let comment: String
    let added: Date?
    /// `confirm` for a pending key, which ends at `expires`.
    let limits: [Key.Limit]?
    let expires: Date?
    /// The word that confirms it.
    let word: String?

    init(_ key: Key) {
        fingerprint = key.fingerprint
        type = key.type
        comment = key.comment
        added = key.added
        limits = key.limits
        expires = key.expires
        word = key.word
    }

    /// The fingerprint, the comment, and what is missing.
    static func line(of key: Key) -> String {
        let limit = key.expires.map { " until \(TimeLeft.moment($0))" } ?? ""
        return HostileText.printable(key.fingerprint, limit: 60)
            + " \(HostileText.printable(key.comment, limit: 60))"
            + (key.isUnlimited ? "" : " (pending\(limit))")
    }
}
