public import BuildAPI
public import FoundationEssentials

/// The lines that greet a person in a builder: the job, what failed, when the builder ends, how to repeat the failed
/// task.
///
/// They print only what the service says: if it does not say where scripts are, there is no line about them.
public struct EntryLines {
    /// What the person can enter at home; nil: this is not theirs to do, or the service does not offer it.
    public struct Commands: Equatable, Sendable {
        public var extend: String?
        public var hold: String?
        /// How to enter with their own ssh, where that has to be set up for this job alone.
        public var ownSSH: String?

        public init(extend: String? = nil, hold: String? = nil, ownSSH: String? = nil) {
            self.extend = extend
            self.hold = hold
            self.ownSSH = ownSSH
        }
    }

    private let job: Job
    private let logoutCounts: Bool
    private let commands: Commands
    private let words: (TimeInterval) -> String

    /// - Parameters:
    ///   - logoutCounts: whether the person's logout can end the builder.
    ///   - words: the words for a number of seconds.
    public init(
        _ job: Job, logoutCounts: Bool, commands: Commands,
        words: @escaping (TimeInterval) -> String = SpokenDuration.words
    ) {
        self.job = job
        self.logoutCounts = logoutCounts
        self.commands = commands
        self.words = words
    }

    public func lines(at now: Date) -> [String] {
        let script =
            Reproduction(job).map { "To repeat it: \($0.line ?? "~/REPRODUCE says how")" }
            ?? Self.failedTask(job)?.script.map {
                "To repeat the failed task: \(HostileText.printable($0, limit: 200))"
            }
        return [Self.summary(job)] + ends(at: now) + [script, variables, commands.ownSSH].compactMap(\.self)
    }

    /// Shells of our images load them. Other services' builders may have no such file, as they have no such scripts.
    private var variables: String? {
        let isFromElsewhere = job.builder?.certified == false || job.pool != nil
        let hasScripts = job.tasks.contains { $0.script?.hasPrefix("~/.tasks/") == true }
        return isFromElsewhere && hasScripts ? "For the job's variables: . ~/.buildenv" : nil
    }

    /// When the builder will end: at its deadline, and before it when the person leaves.
    private func ends(at now: Date) -> [String] {
        guard job.status.isFinal, let deadline = job.deadline else {
            return [time(at: now)].compactMap(\.self)
        }
        let left = deadline.timeIntervalSince(now)
        if logoutCounts, job.endsAtLogout {
            let keeping = commands.hold.map { "; to keep it: \($0)" } ?? "."
            return ["The builder ends when you log out, or in \(words(left))\(keeping)"]
        }
        var lines = [time(at: now)].compactMap(\.self)
        if let keep = job.keep.map(Double.init), keep < left {
            let keeping = commands.hold.map { "; to keep it longer: \($0)" } ?? "."
            lines.append("After the last session it stays for \(SpokenDuration.words(keep))\(keeping)")
        }
        return lines
    }

    /// When the deadline is, and how to move it if that is possible.
    public func time(at now: Date) -> String? {
        guard let deadline = job.deadline else { return nil }
        let left = words(deadline.timeIntervalSince(now))
        guard job.status.isFinal else { return "Its tasks have \(left) left; then the builder ends." }
        guard job.maxDeadline != nil else { return "The builder ends in \(left)." }
        guard job.canBeExtended else {
            return "The builder ends in \(left), and cannot be extended any further."
        }
        return "The builder ends in \(left)" + (commands.extend.map { " unless you extend it: \($0)" } ?? ".")
    }

    /// `Job 42 (fix the parser): failed, task “build” ended with exit status 2.`
    public static func summary(_ job: Job) -> String {
        let note = job.note.map { " (\(HostileText.printable($0, limit: 60)))" } ?? ""
        return "Job \(job.id)\(note): \(ending(job))."
    }

    /// `failed, task “build” ended with exit status 2`
    public static func ending(_ job: Job) -> String {
        guard job.status == .success, let reproduction = Reproduction(job) else {
            return job.status.spoken + place(job)
        }
        return "nothing was run, for it is a fresh builder for \(reproduction.origin)"
    }

    private static func place(_ job: Job) -> String {
        if let task = failedTask(job) {
            let exit = task.spokenExit.map { " ended with \($0)" }
            // A machine that has attached itself has one command, or none.
            guard !job.hasAttachedItself else {
                return exit.map { ", its command\($0)" } ?? ""
            }
            let name = "task “\(HostileText.printable(task.name, limit: 128))”"
            return exit.map { ", \(name)\($0)" } ?? ", in \(name)"
        }
        guard !job.status.isFinal, !job.hasAttachedItself,
            let task = job.tasks.first(where: { $0.status == .running })
        else { return "" }
        return ", task “\(HostileText.printable(task.name, limit: 128))”"
    }

    private static func failedTask(_ job: Job) -> Job.Task? {
        job.status.isFinal ? job.tasks.first { $0.status == .failed } : nil
    }
}
