import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Presentation

/// What the greeting says of keys that were added lately, or wait to be confirmed: someone else may have added them.
struct NewKeys {
    /// For how many seconds a key is new.
    static let time = 7 * 24 * 3600.0
    /// The most keys that are named; the newest ones are.
    static let limit = 3

    let lines: [String]

    /// - Parameter keys: all of the person's. The one in use is no news to them.
    init(_ keys: [Key], at now: Date = .now, in context: SessionContext) {
        let new = keys.filter { key in
            guard key.fingerprint != context.key.fingerprint else { return false }
            guard key.isUnlimited else { return true }
            guard let added = key.added else { return false }
            return now.timeIntervalSince(added) < Self.time
        }.sorted { $0.added ?? .distantPast > $1.added ?? .distantPast }
        var lines = new.prefix(Self.limit).map { key in
            guard key.isUnlimited else {
                return "A key waits to be confirmed for you: \(KeyView.line(of: key))"
            }
            let moment = key.added.map { TimeLeft.moment($0) } ?? ""
            return "A key was added for you at \(moment): \(KeyView.line(of: key))"
        }
        if new.count > Self.limit { lines.append("And \((new.count - Self.limit).counted("more key")).") }
        if !new.isEmpty {
            lines.append("If it was not you: \(context.commandLine("keys remove FINGERPRINT"))")
        }
        self.lines = lines
    }
}
