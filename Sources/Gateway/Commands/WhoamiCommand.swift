import AuthorizedKeys
import BuildAPI
import CommandGrammar
import Policy
import Presentation

/// `whoami`: says whose key the person is using.
struct WhoamiCommand: Command, PersonalCommand {
    static let manual = Manual(
        name: "whoami", aliases: ["who", "id"], synopsis: "whoami [--json]",
        summary: "say whose key you are using, and your groups")
    static let syntax = Syntax(flags: ["--json"])

    let json: Bool

    init(_ arguments: inout Arguments) {
        json = arguments.has("--json")
    }

    func run(for principal: Principal, in context: SessionContext) -> (any RunningCommand)? {
        let fingerprint = context.key.fingerprint
        context.answer(View(principal, fingerprint), json: json) {
            principal.person.printableName + (principal.isAdministrator ? ", administrator" : "")
                + principal.groups.map { ", in \(Party.group($0).printableName)" }.joined()
                + ", with the key \(fingerprint)\n"
        }
        return nil
    }

    private struct View: Encodable {
        let id: String
        let name: String
        let administrator: Bool
        let groups: [String]
        let key: String

        init(_ principal: Principal, _ fingerprint: String) {
            id = principal.person.id
            name = principal.person.name
            administrator = principal.isAdministrator
            groups = principal.groups.map(\.name)
            key = fingerprint
        }
    }
}
