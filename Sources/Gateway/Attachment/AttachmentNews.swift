import BuildAPI
import FoundationEssentials
import Presentation

/// What people read in the CI's log about an attached machine: how to enter it, for how long it waits, who comes and goes.
/// No I/O, no clock.
struct AttachmentNews {
    /// The pause between two lines that say how to enter, while nobody is inside.
    static let interval = Duration.seconds(60)

    private(set) var job: Job
    private let enter: (String) -> String
    private var visitors: Visitors

    /// - Parameter enter: the full command line for words of the gateway's, with a terminal.
    init(_ job: Job, enter: @escaping (String) -> String) {
        self.job = job
        self.enter = enter
        visitors = Visitors(besides: "", among: job.sessions)
    }

    /// What to type, alone on its line. A running job is entered at once, because its log can be somewhere else.
    var invitation: String { enter("connect \(job.status.isFinal ? "" : "--now ")\(job.id)") }

    /// When commands and clients of people begin to count.
    var nextMoment: Date? { visitors.nextMoment }

    /// After the machine has been attached.
    ///
    /// - Parameter wanted: the name that it asked for.
    func arrival(named wanted: String?, obstacle: String?, at now: Date) -> [String] {
        let name = job.name.map { HostileText.printable($0, limit: 40) }
        var lines: [String] = []
        if let wanted, let name, wanted != name {
            lines.append(
                "The name \(HostileText.printable(wanted, limit: 40)) is taken: this machine is called \(name)."
            )
        }
        let called = name.map { " (\($0))" } ?? ""
        lines.append("This machine is job \(job.id)\(called). To enter it:")
        lines.append(invitation)
        if let obstacle {
            lines.append("There can be no terminal here: \(HostileText.printable(obstacle, limit: 300))")
        }
        return lines + [time(at: now)].compactMap(\.self)
    }

    /// After a lost connection.
    var returned: String { "The connection is back. This machine is still job \(job.id)." }

    /// Every minute.
    func reminder(at now: Date) -> [String] {
        guard job.status.isFinal, job.sessions.isEmpty, job.builder != nil else { return [] }
        return ["Nobody is inside.\(time(at: now).map { " \($0)" } ?? "") To enter:", invitation]
    }

    /// The job has changed.
    mutating func update(_ job: Job, at now: Date) -> [String] {
        let before = self.job
        self.job = job
        // Who is inside when the machine ends has not left.
        guard job.builder != nil else { return [] }
        var lines = visitors.update(job.sessions, at: now).map(sentence)
        if job.status.isFinal, !before.status.isFinal {
            lines += ended(at: now)
        } else if let later = job.deadline, let earlier = before.deadline,
            later.timeIntervalSince(earlier) > 30,
            job.sessions.map(\.session) == before.sessions.map(\.session)
        {
            lines.append(
                "The machine has got more time: it ends at \(TimeLeft.nearMoment(later, from: now)).")
        }
        return lines
    }

    /// Commands and clients have lasted so long that they count.
    mutating func timePassed(at now: Date) -> [String] {
        visitors.timePassed(at: now).map(sentence)
    }

    /// Why the machine has ended, for the script's last line.
    var end: String {
        let reason = job.builderEnd?.spoken.map { ": \($0)" } ?? ""
        return "Job \(job.id) has ended\(reason)."
    }

    private func ended(at now: Date) -> [String] {
        // The runner's tasks have ended, and its rules say what becomes of the machine.
        let what = job.pool == nil ? "command" : "job"
        if job.status == .success, job.pool == nil {
            let names = Visitors.sentence(about: job.sessions)?.replacing("Also inside", with: "Inside")
            return [names.map { "The machine stays until the last one has left. \($0)" }].compactMap(\.self)
        }
        let end = job.status == .success ? "succeeded" : "failed"
        guard job.sessions.isEmpty else { return ["The \(what) has \(end). \(time(at: now) ?? "")"] }
        return ["The \(what) has \(end). To enter this machine:", invitation]
            + [time(at: now)].compactMap(\.self)
    }

    private func time(at now: Date) -> String? {
        guard job.status.isFinal, let deadline = job.deadline else {
            return job.attached?.until.map {
                "The CI ends this job at \(TimeLeft.nearMoment($0, from: now))."
            }
        }
        let left = TimeLeft.text(until: deadline, from: now)
        return job.sessions.isEmpty
            ? "If nobody comes, it ends in \(left)."
            : "It ends in \(left), and earlier some minutes after the last one has left."
    }

    private func sentence(_ event: Visitors.Event) -> String {
        switch event {
        case .entered(let session): "\(session.person.printableName) has entered."
        case .left(let session): "\(session.person.printableName) has left."
        }
    }
}
