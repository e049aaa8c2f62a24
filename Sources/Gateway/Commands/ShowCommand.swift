import BuildAPI
import CommandGrammar
import Policy
import Presentation
import ServiceClient

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
        let job = permit.job
        context.journal.note("show job=\(job.id) \(permit.person.record)")
        let isInvited = permit.standing != .stranger
        guard !json else {
            context.answer(JobView(job: job, isInvited: isInvited), json: true) { "" }
            return nil
        }
        let canExtend = context.entryCommands(for: permit).extend != nil
        context.service.hasLog(job, for: permit.person) { hasLog in
            context.withOwnSSH(for: job) { own in
                let sheet = JobSheet(
                    job: job, isInvited: isInvited, hasLog: hasLog, canExtend: canExtend, own: own
                ) { context.commandLine($0, terminal: $1) }
                context.answer(sheet.text)
            }
        }
        return nil
    }
}
