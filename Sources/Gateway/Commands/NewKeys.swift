import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Presentation
import ServiceClient

/// What the greeting says of keys that were added lately, or wait to be confirmed: someone else may have added them.
struct NewKeys {
    /// For how many seconds a key is new.
    static let time = 7 * 24 * 3600.0
    /// The most keys that are named; the newest ones are.
    static let limit = 3

    let lines: [String]

    /// - Parameter answer: all of the person's keys. A greeting without them is better than none, but says so.
    init(_ answer: Result<[Key], ServiceError>, at now: Date = .now, in context: SessionContext) {
        switch answer {
        case .success(let keys): lines = Self.lines(about: keys, at: now, in: context)
        case .failure(let error) where error.code == .notOffered: lines = []
        case .failure(let error):
            context.journal.warn("new keys are unknown: \(error.debugDescription)")
            lines = ["Whether a key was added for you lately is unknown. \(error)"]
        }
    }

    /// The key in use is no news.
    private static func lines(about keys: [Key], at now: Date, in context: SessionContext) -> [String] {
        let new = keys.filter { key in
            guard key.fingerprint != context.key.fingerprint else { return false }
            guard !key.isPending else { return true }
            guard let added = key.added else { return false }
            return now.timeIntervalSince(added) < time
        }.sorted { $0.added ?? .distantPast > $1.added ?? .distantPast }
        var lines = new.prefix(limit).map { key in
            guard !key.isPending else {
                return "A key waits to be confirmed for you: \(KeyView.line(of: key))"
            }
            let moment = key.added.map { TimeLeft.moment($0) } ?? ""
            return "A key was added for you at \(moment): \(KeyView.line(of: key))"
        }
        if new.count > limit { lines.append("And \((new.count - limit).counted("more key")).") }
        if !new.isEmpty {
            lines.append("If it was not you: \(context.commandLine("keys remove FINGERPRINT"))")
        }
        return lines
    }
}
