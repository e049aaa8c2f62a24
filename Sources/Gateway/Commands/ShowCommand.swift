import BuildAPI
import CommandGrammar
import Policy
import Presentation

/// `show`: prints everything about one job.
struct ShowCommand: JobCommand {
    static let manual = Manual(
        name: "show", aliases: ["status", "info"], synopsis: "show <job> [--json]",
        summary: "show its tasks, deadline, who is inside, commands to copy")
    static let syntax = Syntax(flags: ["--json"])
    static let action = Action.look

    let job: JobID?
    let json: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        job = try arguments.job()
        json = arguments.has("--json")
    }

    func run(_ permit: Permit, in context: SessionContext) -> (any RunningCommand)? {
        context.journal.note("show job=\(permit.job.id) \(permit.person.record)")
        let isInvited = permit.standing != .stranger
        context.answer(JobView(job: permit.job, isInvited: isInvited), json: json) {
            let job = permit.job
            let own = (line: context.ownLine(for: job.id), setUpLine: context.setUpLine(for: "\(job.id)"))
            let canExtend = context.entryCommands(for: permit).extend != nil
            return JobSheet(job: job, isInvited: isInvited, canExtend: canExtend, own: own) {
                words, terminal in
                context.commandLine(words, terminal: terminal)
            }.text
        }
        return nil
    }
}
