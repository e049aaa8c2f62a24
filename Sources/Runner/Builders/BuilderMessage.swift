import BuildAPI
import FoundationEssentials
import Presentation

/// What a builder says about itself: the lines that greet people who come with their own ssh, and what its command
/// `sallyport` prints.
///
/// Each line is `WHERE WHO TEXT`: WHERE is `entry` or `home`, WHO is `owner` or `guest`. In the text, the builder replaces
/// `{left}` by the time until its deadline.
struct BuilderMessage {
    /// With the deadline of a builder in use.
    private let job: Job
    private let commandLine: GatewayCommandLine

    /// - Parameter end: when a builder in use ends.
    init(job: Job, end: Date?, commandLine: GatewayCommandLine) {
        var job = job
        job.deadline = end ?? job.deadline
        self.job = job
        self.commandLine = commandLine
    }

    func lines(at now: Date) -> [String] {
        [true, false].flatMap { isOwner in
            let who = isOwner ? "owner" : "guest"
            return entry(isOwner, at: now).map { "entry \(who) \($0)" }
                + home(isOwner).map { "home \(who) \($0)" }
        }
    }

    /// As the gateway says it, except that leaving one's own ssh never ends the builder.
    private func entry(_ isOwner: Bool, at now: Date) -> [String] {
        let commands =
            isOwner
            ? EntryLines.Commands(
                extend: commandLine("extend \(job.id)"), hold: commandLine("hold \(job.id)"))
            : EntryLines.Commands()
        return EntryLines(job, logoutCounts: false, commands: commands) { _ in "{left}" }.lines(at: now)
    }

    private func home(_ isOwner: Bool) -> [String] {
        let time = job.status.isFinal ? "The builder ends in {left}." : "Its tasks have {left} left."
        let lines = [
            (commandLine("connect \(job.id)", terminal: true), "another shell here"),
            (commandLine("connect \(job.id) 'tar cz DIR' >DIR.tgz"), "takes DIR home"),
            (commandLine("show \(job.id)"), "the job, its deadline, and who is inside"),
        ]
        let changes = [
            job.canBeExtended ? (commandLine("extend \(job.id)"), "more time") : nil,
            (
                commandLine("hold \(job.id)"),
                "keeps this machine until its time is up, even if nobody is inside"
            ),
            job.status.isFinal ? (commandLine("release \(job.id)"), "ends this machine") : nil,
        ].compactMap(\.self)
        return [EntryLines.summary(job), time, "At home you can enter:"]
            + (lines + (isOwner ? changes : [])).flatMap { ["  \($0.0)", "      \($0.1)"] }
    }
}
