import BuildAPI
import CommandGrammar
import Policy
import Presentation
import ServiceClient

/// `share`: lets another person, or a group, enter the job.
struct ShareCommand: JobCommand {
    static let manual = Manual(
        name: "share", synopsis: "share <job> <user or @group>", summary: "let others in",
        details: "They can connect, proxy, tail and show. unshare undoes this, and ends their sessions.")
    static let syntax = Syntax(flags: ["--json"])
    static let action = Action.share

    let job: JobID?
    /// The other person's name at the build service, or a group's after an `@`.
    let user: String
    let json: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        job = try arguments.job()
        user = try arguments.word(.user)
        json = arguments.has("--json")
    }

    func run(_ permit: Permit, in context: SessionContext) -> (any RunningCommand)? {
        change(permit, .share(with: user), json: json, in: context) { job in
            let name = HostileText.printable(user, limit: 64)
            return job.status.isFinal && job.builder == nil
                ? "\(name) can see job \(job.id) now: \(context.commandLine("tail \(job.id)"))"
                : "\(name) can enter job \(job.id) now: \(context.commandLine("connect \(job.id)", terminal: true))"
        }
        return nil
    }
}
