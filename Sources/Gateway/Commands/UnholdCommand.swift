import BuildAPI
import CommandGrammar
import Policy
import ServiceClient

/// `unhold`: undoes `hold`.
struct UnholdCommand: JobCommand {
    static let manual = Manual(
        name: "unhold", synopsis: "unhold <job>", summary: "undo hold")
    static let syntax = Syntax(flags: ["--json"])
    static let action = Action.hold

    let job: JobID?
    let json: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        job = try arguments.job()
        json = arguments.has("--json")
    }

    func run(_ permit: Permit, in context: SessionContext) -> (any RunningCommand)? {
        change(permit, .unhold, json: json, in: context) {
            "The builder of job \($0.id) is no longer held."
                + ($0.endsAtLogout ? " It ends when you log out." : "")
        }
        return nil
    }
}
