import FoundationEssentials

/// When a source has said something about whom, and about whom it said nothing. No clock and no I/O.
struct AnswerTimes {
    typealias Subject = SourceInquiry.Subject

    /// More than a busy service has of each kind. If there are more, all are forgotten.
    private static let limit = 10_000
    /// A trouble of so many seconds ago is one that nobody asks about any more.
    private static let troubleTime = 60.0

    /// The most of an outage.
    private static let warnings = 3

    /// When the question was asked to which the source last named this person.
    private var people: [String: Date] = [:]
    /// The same for names that are nobody's, and for keys: their holders are in the store then.
    private var others: [Subject: Date] = [:]
    /// When the source gave no answer.
    private var troubles: [Subject: Date] = [:]

    /// - Parameter people: when an earlier runner was last told about them. By a clock that has been set back since, that
    ///   can be in the future, and means nothing.
    mutating func takeOver(_ people: [String: Date], at now: Date) {
        self.people = people.filter { $0.value <= now }
    }

    /// When the question was asked that was last answered.
    func last(about subject: Subject) -> Date? {
        if case .name(let name) = subject, let last = people[name] { return last }
        return others[subject]
    }

    /// Whether an answer is so many seconds old at most.
    func isAnswered(_ subject: Subject, within seconds: Double, at now: Date) -> Bool {
        Self.isRecent(last(about: subject), within: seconds, at: now)
    }

    /// Whether there was no answer so many seconds ago at most.
    func isInTrouble(_ subject: Subject, within seconds: Double = .infinity, at now: Date) -> Bool {
        Self.isRecent(troubles[subject], within: seconds, at: now)
    }

    private static func isRecent(_ moment: Date?, within seconds: Double, at now: Date) -> Bool {
        moment.map { now.timeIntervalSince($0) < seconds } ?? false
    }

    /// The source has said who someone is, or that nobody has this name.
    mutating func learned(_ name: String, isSomeone: Bool, asked moment: Date) {
        people[name] = isSomeone ? moment : nil
        others[.name(name)] = nil
        if !isSomeone { Self.note(moment, .name(name), in: &others) }
    }

    /// The source has said whose key it is.
    mutating func learned(key fingerprint: String, at now: Date) {
        Self.note(now, .key(fingerprint), in: &others)
    }

    /// - Returns: whether the log should say so: once about each subject, and not about everyone in an outage.
    mutating func failed(_ subject: Subject, at now: Date) -> Bool {
        defer { Self.note(now, subject, in: &troubles) }
        return troubles[subject] == nil && troubles.count < Self.warnings
    }

    /// - Returns: whether an outage ends with that.
    mutating func recovered(_ subject: Subject, at now: Date) -> Bool {
        guard !troubles.isEmpty else { return false }
        troubles[subject] = nil
        troubles = troubles.filter { Self.isRecent($0.value, within: Self.troubleTime, at: now) }
        return troubles.isEmpty
    }

    private static func note(_ moment: Date, _ subject: Subject, in moments: inout [Subject: Date]) {
        if moments.count >= limit { moments = [:] }
        moments[subject] = moment
    }
}
