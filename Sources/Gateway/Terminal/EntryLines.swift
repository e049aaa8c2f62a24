import BuildAPI
import FoundationEssentials
import Presentation

/// The lines that greet a person in a builder: the job, what failed, the time that is left, how to repeat the
/// failed task.
///
/// They print only what the service says: if it does not say where scripts are, there is no line about them.
enum EntryLines {
    /// - Parameters:
    ///   - others: who is inside already.
    ///   - extending: the line to enter for more time.
    static func lines(_ job: Job, others: [Job.Session], extending: String, at now: Date) -> [String] {
        var lines = [summary(job)]
        if let time = time(job, extending: extending, at: now) { lines.append(time) }
        if let script = failedTask(job)?.script {
            lines.append("To repeat the failed task: \(HostileText.printable(script, limit: 200))")
        }
        if !others.isEmpty {
            var names: [String] = []
            for name in others.map(\.person.printableName) where !names.contains(name) { names.append(name) }
            let few = names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
            lines.append("Also inside: \(few).")
        }
        return lines
    }

    /// `Job 42 (fix the parser): failed, task “build” ended with exit status 2.`
    static func summary(_ job: Job) -> String {
        let note = job.note.map { " (\(HostileText.printable($0, limit: 60)))" } ?? ""
        return "Job \(job.id)\(note): \(job.status.spoken)\(place(job))."
    }

    /// When the builder will end, and how to get more time if that is possible.
    static func time(_ job: Job, extending: String, at now: Date) -> String? {
        guard let deadline = job.deadline else { return nil }
        let left = SpokenDuration.words(deadline.timeIntervalSince(now))
        guard job.status.isFinal else {
            return "Its tasks have \(left) left; then the builder ends."
        }
        guard let latest = job.maxDeadline else { return "The builder ends in \(left)." }
        return latest.timeIntervalSince(deadline) < 1
            ? "The builder ends in \(left), and cannot be extended any further."
            : "The builder ends in \(left) unless you extend it: \(extending)"
    }

    private static func place(_ job: Job) -> String {
        if let task = failedTask(job) {
            let name = HostileText.printable(task.name, limit: 128)
            return task.spokenExit.map { ", task “\(name)” ended with \($0)" }
                ?? ", in task “\(name)”"
        }
        guard !job.status.isFinal, let task = job.tasks.first(where: { $0.status == .running }) else {
            return ""
        }
        return ", task “\(HostileText.printable(task.name, limit: 128))”"
    }

    private static func failedTask(_ job: Job) -> Job.Task? {
        job.status.isFinal ? job.tasks.first { $0.status == .failed } : nil
    }
}
