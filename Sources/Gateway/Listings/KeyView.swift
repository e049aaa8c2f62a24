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
    /// The addresses that a key with limits is good from; nil: all.
    let from: [String]?
    /// The word that confirms it.
    let word: String?

    init(_ key: Key) {
        fingerprint = key.fingerprint
        type = key.type
        comment = key.comment
        added = key.added
        limits = key.limits
        expires = key.expires
        from = key.from
        word = key.word
    }

    private static func limits(of key: Key) -> String {
        let use: String? =
            key.isForAttaching
            ? "only for attaching machines" : key.isForPairing ? "only for pairing" : nil
        let state = key.isPending || use == nil ? "pending" : nil
        return [state, use].compactMap(\.self).joined(separator: ", ")
    }

    private static func origin(of key: Key) -> String {
        guard let from = key.from, !from.isEmpty else { return "" }
        return ", from " + from.map { HostileText.printable($0, limit: 50) }.joined(separator: ", ")
    }

    /// The fingerprint, the comment, and what is missing.
    static func line(of key: Key) -> String {
        let limit = key.expires.map { " until \(TimeLeft.moment($0))" } ?? ""
        return HostileText.printable(key.fingerprint, limit: 60)
            + " \(HostileText.printable(key.comment, limit: 60))"
            + (key.isUnlimited ? "" : " (\(limits(of: key))\(limit)\(origin(of: key)))")
    }
}
