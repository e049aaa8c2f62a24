import CommandGrammar
import Policy

/// `accept-terms`: shows the terms of use and asks for a `yes`.
struct AcceptTermsCommand: Command, PersonalCommand {
    static let manual = Manual(
        name: "accept-terms", synopsis: "accept-terms", summary: "read and accept the terms of use",
        details: "If the administrator has set any.")

    init(_ arguments: inout Arguments) {}

    func run(for principal: Principal, in context: SessionContext) -> (any RunningCommand)? {
        let question = TermsQuestion(for: principal.person, in: context) { terms in
            if terms != nil { context.say("Thank you.") }
            context.finish(.success)
        }
        question.ask()
        return question
    }
}
