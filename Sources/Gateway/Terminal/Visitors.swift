import BuildAPI
import FoundationEssentials
import Presentation

/// Notices who else enters and leaves a builder.
///
/// A shell counts at once. Anything else counts when it has lasted for a while: a script can enter a hundred times in a
/// minute.
struct Visitors {
    enum Event: Equatable {
        case entered(Job.Session)
        case left(Job.Session)
    }

    /// Seconds after which a session that is not a shell counts.
    static let patience: TimeInterval = 5

    private let own: String
    private var inside: [Job.Session]
    private var uncounted: [(session: Job.Session, seen: Date)] = []

    /// - Parameters:
    ///   - own: the person's own session, which never counts.
    ///   - sessions: those that are inside already.
    init(besides own: String, among sessions: [Job.Session]) {
        self.own = own
        inside = sessions.filter { $0.session != own }
    }

    /// In the order in which they entered.
    var present: [Job.Session] { inside }

    /// When the next command will begin to count.
    var nextMoment: Date? { uncounted.map { $0.seen + Self.patience }.min() }

    /// Nil: nobody is there.
    static func sentence(about others: [Job.Session]) -> String? {
        var names: [String] = []
        for name in others.map(\.person.printableName) where !names.contains(name) { names.append(name) }
        guard !names.isEmpty else { return nil }
        return "Also inside: \(names.prefix(5).joined(separator: ", "))\(names.count > 5 ? ", …" : "")."
    }

    mutating func update(_ sessions: [Job.Session], at now: Date) -> [Event] {
        let left = inside.filter { visitor in !sessions.contains { $0.session == visitor.session } }
        inside.removeAll { visitor in left.contains { $0.session == visitor.session } }
        uncounted.removeAll { visitor in !sessions.contains { $0.session == visitor.session.session } }
        for session in sessions where session.session != own && !isKnown(session) {
            uncounted.append((session, session.kind == .shell ? .distantPast : now))
        }
        return left.map(Event.left) + timePassed(at: now)
    }

    mutating func timePassed(at now: Date) -> [Event] {
        let counted = uncounted.filter { $0.seen + Self.patience <= now }.map(\.session)
        uncounted.removeAll { $0.seen + Self.patience <= now }
        inside += counted
        return counted.map(Event.entered)
    }

    private func isKnown(_ session: Job.Session) -> Bool {
        inside.contains { $0.session == session.session }
            || uncounted.contains { $0.session.session == session.session }
    }
}
