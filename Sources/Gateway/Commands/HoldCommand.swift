import BuildAPI
import CommandGrammar
import FoundationEssentials
import Policy
import Presentation
import ServiceClient

/// `hold`: keeps the builder until its deadline.
struct HoldCommand: JobCommand {
    static let manual = Manual(
        name: "hold", aliases: ["keep"], synopsis: "hold <job>",
        summary: "keep the builder until its time is up",
        details: "It stays even if nobody is inside. unhold undoes this.")
    static let syntax = Syntax(flags: ["--json"])
    static let action = Action.hold

    let job: JobID?
    let json: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        job = try arguments.job()
        json = arguments.has("--json")
    }

    func run(_ permit: Permit, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        guard permit.job.builder != nil else { throw .noBuilder(permit.job) }
        change(permit, .hold, json: json, in: context) { job in
            "The builder of job \(job.id) stays until its time is up"
                + (job.deadline.map { " in \(SpokenDuration.words($0.timeIntervalSinceNow))" } ?? "")
                + ", even if nobody is inside. To end it: \(context.commandLine("release \(job.id)"))"
        }
        return nil
    }
}
