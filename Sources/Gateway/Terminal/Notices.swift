import BuildAPI
import FoundationEssentials
import Presentation

/// Decides which notices people inside a builder see, and when. No I/O, no clock: jobs and times in, sentences out.
///
/// While an editor or the like has the screen, notices wait, except for the last one about the time. A notice that
/// waited says what is true when it is shown.
struct Notices {
    private enum Notice: Equatable {
        /// The deadline is near.
        case time(isLast: Bool)
        case deadlineMoved
        /// The tasks have ended.
        case jobEnded
        case sentence(String)
    }

    /// Seconds before the deadline; the last one cannot wait.
    static let thresholds: [TimeInterval] = [1800, 600, 300, 60]
    /// Seconds by which a deadline can differ from the known one without counting as moved.
    private static let tolerance: TimeInterval = 5
    /// Seconds before the time is worth telling again.
    private static let pause: TimeInterval = 15
    /// The most notices that can wait.
    private static let limit = 20

    private var job: Job
    private let person: Person
    private let extending: String?
    /// Nil: no notices of others who come and go.
    private var visitors: Visitors?
    /// The thresholds that are still to come.
    private var thresholds: ArraySlice<TimeInterval> = []
    private var waiting: [Notice] = []

    /// - Parameters:
    ///   - job: as the person was told about it when they entered.
    ///   - session: the person's own.
    ///   - extending: the line to enter for more time; nil: this person cannot get more.
    ///   - tellsOfVisitors: whether to announce others who come and go.
    init(
        _ job: Job, for person: Person, session: String, extending: String?, tellsOfVisitors: Bool = true,
        at now: Date
    ) {
        self.job = job
        self.person = person
        self.extending = extending
        visitors = tellsOfVisitors ? Visitors(besides: session, among: job.sessions) : nil
        countAnew(at: now)
    }

    /// The other sessions inside.
    var others: [Job.Session] { visitors?.present ?? [] }

    /// When `due` will return more, if nothing else happens.
    var nextMoment: Date? {
        let time = job.deadline.flatMap { deadline in thresholds.first.map { deadline - $0 } }
        return [time, visitors?.nextMoment].compactMap(\.self).min()
    }

    /// The job has changed.
    mutating func update(_ job: Job, at now: Date) {
        // A session that ends with the builder has not left.
        guard job.builder != nil else { return }
        let before = self.job
        self.job = job
        if job.status.isFinal, !before.status.isFinal {
            countAnew(at: now)
            add(.jobEnded)
        } else if hasMoved(from: before.deadline) {
            countAnew(at: now)
            add(.deadlineMoved)
        }
        for event in visitors?.update(job.sessions, at: now) ?? [] { add(.sentence(sentence(event))) }
    }

    /// For a service that reports nothing else about a job that nobody changes.
    mutating func update(deadline: Date?, at now: Date) {
        var job = job
        job.deadline = deadline
        update(job, at: now)
    }

    /// The notices to show now; each is returned once.
    ///
    /// - Parameter isScreenTaken: whether a program shows something that a notice would damage.
    mutating func due(at now: Date, isScreenTaken: Bool) -> [String] {
        for event in visitors?.timePassed(at: now) ?? [] { add(.sentence(sentence(event))) }
        if let deadline = job.deadline {
            let passed = thresholds.prefix { deadline - $0 <= now }
            if let nearest = passed.last {
                thresholds = thresholds.dropFirst(passed.count)
                add(.time(isLast: nearest == Self.thresholds.last))
            }
        }
        let told = waiting.filter { !isScreenTaken || $0 == .time(isLast: true) }
        waiting.removeAll { told.contains($0) }
        return told.compactMap { text($0, at: now) }
    }

    /// Keeps the thresholds that are still to come, but not at once: the time that is left has just been told.
    private mutating func countAnew(at now: Date) {
        let soon = now + Self.pause
        thresholds = Self.thresholds.drop { threshold in job.deadline.map { $0 - threshold <= soon } ?? true }
    }

    private func hasMoved(from before: Date?) -> Bool {
        switch (before, job.deadline) {
        case (let before?, let after?): abs(after.timeIntervalSince(before)) > Self.tolerance
        case (nil, .some): true
        case (_, nil): false
        }
    }

    /// A notice about the time replaces the earlier ones.
    private mutating func add(_ notice: Notice) {
        switch notice {
        case .time(let isLast):
            waiting.removeAll { $0 == .time(isLast: false) }
            if !isLast, waiting.contains(.deadlineMoved) || waiting.contains(.jobEnded) { return }
        case .deadlineMoved, .jobEnded:
            waiting.removeAll { [.time(isLast: false), .time(isLast: true), .deadlineMoved].contains($0) }
            if notice == .deadlineMoved, waiting.contains(.jobEnded) { return }
        case .sentence: break
        }
        waiting.append(notice)
        if waiting.count > Self.limit { waiting.removeFirst() }
    }

    private func text(_ notice: Notice, at now: Date) -> String? {
        let time = EntryLines(job, logoutCounts: false, commands: .init(extend: extending)).time(at: now)
        switch notice {
        case .time: return time
        case .deadlineMoved: return time.map { "The deadline has moved. \($0)" }
        case .jobEnded: return [EntryLines.summary(job), time].compactMap(\.self).joined(separator: " ")
        case .sentence(let text): return text
        }
    }

    private func sentence(_ event: Visitors.Event) -> String {
        switch event {
        case .entered(let session):
            switch session.kind {
            case .shell: "\(name(session)) has entered."
            case .exec: "\(name(session)) runs a command here."
            case .proxy: "\(name(session)) is connected with their own client."
            }
        case .left(let session): "\(name(session)) has left."
        }
    }

    private func name(_ session: Job.Session) -> String {
        session.person.printableName + (session.person.id == person.id ? " (you)" : "")
    }
}
