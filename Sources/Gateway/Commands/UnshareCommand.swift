import BuildAPI
import CommandGrammar
import Policy
import Presentation
import ServiceClient

/// `unshare`: undoes `share`.
struct UnshareCommand: JobCommand {
    static let manual = Manual(
        name: "unshare", synopsis: "unshare <job> <user or @group>",
        summary: "stop sharing with them; their sessions end")
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
        change(permit, .unshare(with: user), json: json, in: context) { job in
            "Job \(job.id) is no longer shared with \(HostileText.printable(user, limit: 64))."
        }
        return nil
    }
}
