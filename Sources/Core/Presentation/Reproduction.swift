public import BuildAPI

/// How people repeat what a finished job did, on a fresh builder for it, where nothing has been run.
public struct Reproduction: Sendable {
    private let rerun: Job.Rerun
    /// Up to the one that failed, in the order in which they ran.
    private let scripts: [String]

    /// Nil: the job is no fresh builder for another.
    public init?(_ job: Job) {
        guard let rerun = job.rerun, rerun.fresh else { return nil }
        self.rerun = rerun
        let last = job.tasks.firstIndex { $0.name == rerun.task } ?? job.tasks.count - 1
        scripts = job.tasks.prefix(last + 1).compactMap(\.script).map {
            HostileText.printable($0, limit: 200)
        }
    }

    /// `job 42, which failed in task “check” with exit status 3`
    public var origin: String {
        var words = "job \(rerun.of), which \(rerun.status.spoken)"
        if let task = rerun.task {
            words += " in task “\(HostileText.printable(task, limit: 128))”"
            words += rerun.exitStatus.map { " with exit status \($0)" } ?? ""
        }
        return words
    }

    /// One line for a shell; nil: there is nothing to run, or too much for a line.
    public var line: String? {
        let line = scripts.joined(separator: " && ")
        return scripts.isEmpty || line.utf8.count > 120 ? nil : line
    }

    /// The file `~/REPRODUCE`.
    public var text: String {
        var lines = ["This is a fresh builder for \(origin).", "Nothing has been run here."]
        if !scripts.isEmpty {
            lines += ["To repeat what it did, in a login shell:", ""] + scripts.map { "    \($0)" }
            lines += [
                "",
                "If a script changes ~/.buildenv, the ones after it had that, too: . ~/.buildenv",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
