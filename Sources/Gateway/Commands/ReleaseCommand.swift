import BuildAPI
import CommandGrammar
import Policy
import Presentation
import ServiceClient

/// `release`: ends the builder. Asks for confirmation, unless the command line has it.
struct ReleaseCommand: JobCommand {
    static let manual = Manual(
        name: "release", aliases: ["end", "destroy"], synopsis: "release <job> [--yes]",
        summary: "end the builder now",
        details: """
            People inside are told. While tasks run, the job is cancelled.
            Asks for confirmation, unless --yes.
            """)
    static let syntax = Syntax(flags: ["--yes", "--json"])
    static let action = Action.release

    let job: JobID?
    let isConfirmed: Bool
    let json: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        job = try arguments.job()
        isConfirmed = arguments.has("--yes")
        json = arguments.has("--json")
    }

    func run(_ permit: Permit, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        let job = permit.job
        guard job.builder != nil else { throw .noBuilder(job) }
        guard !isConfirmed else {
            release(permit, context)
            return nil
        }
        let inside = Set(job.sessions.map(\.person.printableName)).sorted()
        let state = job.status.isFinal ? "" : " while its tasks run"
        let others = inside.isEmpty ? "" : " Inside: \(inside.joined(separator: ", "))."
        return Question("End the builder of job \(job.id) now\(state)?\(others) [yes/no]", in: context) {
            answer in
            guard answer == "yes" || answer == "y" else {
                context.say("The builder stays.")
                return context.finish(.jobFailed)
            }
            release(permit, context)
        }
    }

    private func release(_ permit: Permit, _ context: SessionContext) {
        change(permit, .releaseBuilder, json: json, in: context) { $0.spokenRelease }
    }
}
