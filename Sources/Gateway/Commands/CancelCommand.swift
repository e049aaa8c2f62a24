import BuildAPI
import CommandGrammar
import Policy
import Presentation
import ServiceClient

/// `cancel`: ends a job that is queued or running.
struct CancelCommand: JobCommand {
    static let manual = Manual(
        name: "cancel", aliases: ["stop", "kill", "abort"], synopsis: "cancel <job>",
        summary: "end a job that is queued or running", details: "Its builder ends with it.")
    static let syntax = Syntax(flags: ["--json"])
    static let action = Action.cancel

    let job: JobID?
    let json: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        job = try arguments.job()
        json = arguments.has("--json")
    }

    func run(_ permit: Permit, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        guard !permit.job.status.isFinal else { throw .cancelledTooLate(permit.job) }
        change(permit, .cancel, json: json, in: context) { $0.spokenCancellation }
        return nil
    }
}
