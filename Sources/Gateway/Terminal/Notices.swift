import BuildAPI
import FoundationEssentials

/// Decides what somebody inside a builder is told there, and when. No I/O, no clock: jobs and times in, sentences out.
///
/// While an editor or the like has the screen, notices wait; but for the last one about the time, which cannot. What
/// waits is told as it is when it is told.
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
    /// Seconds by which a deadline may differ from what was known without having been moved.
    private static let tolerance: TimeInterval = 5
    /// Seconds for which nobody wants to be told the time again.
    private static let pause: TimeInterval = 15
    /// Notices that may wait.
    private static let limit = 20

    private var job: Job
    private let person: Person
    private let extending: String
    /// Nil: who comes and goes is not told.
    private var visitors: Visitors?
    /// Those that are still to come before the deadline.
    private var thresholds: ArraySlice<TimeInterval> = []
    private var waiting: [Notice] = []

    /// - Parameters:
    ///   - job: as the person was told of it when they came in.
    ///   - session: the person's own.
    ///   - extending: the line to enter for more time.
    ///   - tellsOfVisitors: whether to tell of others who come and go.
    init(
        _ job: Job, for person: Person, session: String, extending: String, tellsOfVisitors: Bool = true,
        at now: Date
    ) {
        self.job = job
        self.person = person
        self.extending = extending
        visitors = tellsOfVisitors ? Visitors(besides: session, among: job.sessions) : nil
        countAnew(at: now)
    }

    /// Who is inside besides this session.
    var others: [Job.Session] { visitors?.present ?? [] }

    /// When `due` will have more to tell, if nothing else happens.
    var nextMoment: Date? {
        let time = job.deadline.flatMap { deadline in thresholds.first.map { deadline - $0 } }
        return [time, visitors?.nextMoment].compactMap(\.self).min()
    }

    /// The job has changed.
    mutating func update(_ job: Job, at now: Date) {
        // Who is thrown out with the builder has not left.
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

    /// The deadline is what a service says that tells nothing else of a job on which nobody works.
    mutating func update(deadline: Date?, at now: Date) {
        var job = job
        job.deadline = deadline
        update(job, at: now)
    }

    /// What is to be told now; it is told once.
    ///
    /// - Parameter isScreenTaken: a program shows something of its own that a notice would damage.
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

    /// Those thresholds count that are still to come, and not at once: the time that is left has just been told.
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

    /// One notice about the time says what all before it would.
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
        let time = EntryLines.time(job, extending: extending, at: now)
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
            case .proxy: "\(name(session)) is connected with a client of their own."
            }
        case .left(let session): "\(name(session)) has left."
        }
    }

    private func name(_ session: Job.Session) -> String {
        session.person.printableName + (session.person.id == person.id ? " (you)" : "")
    }
}
