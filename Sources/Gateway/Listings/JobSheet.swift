import BuildAPI
import FoundationEssentials
import Presentation

/// Everything that `show` prints about one job: its description, and what this person can do with it.
struct JobSheet {
    let job: Job
    /// Whether to show who is inside, and how to enter.
    let isInvited: Bool
    /// Whether the service has a log of it.
    let hasLog: Bool
    /// Whether this person can move the builder's deadline here.
    let canExtend: Bool
    let own: OwnSSH
    /// The full command line for a command, given whether it needs a terminal.
    let commandLine: (_ words: String, _ terminal: Bool) -> String
    var now = Date.now

    var text: String {
        let description = JobDescription(job, isInvited: isInvited, canExtend: canExtend, at: now).lines
        let lines = description + (commands.isEmpty ? [] : [""] + commands.map { "  \($0)" })
        return lines.joined(separator: "\n") + "\n"
    }

    /// Only what the service can do.
    private var commands: [String] {
        let kept = (job.artifacts?.count ?? 0) > 0 ? [commandLine("artifacts \(job.id)", false)] : []
        let log = (hasLog ? [commandLine("tail \(job.id)", false)] : []) + kept
        guard isInvited, job.builder != nil else { return log }
        let more = canExtend && job.canBeExtended ? [commandLine("extend \(job.id)", false)] : []
        return [commandLine("connect \(job.id)", true)] + more + log + [own.text]
    }
}
