import CommandGrammar
import Policy
import Version

/// `version`: prints the version of Sallyport.
struct VersionCommand: Command, PersonalCommand {
    static let manual = Manual(
        name: "version", spellings: ["--version", "-V"], synopsis: "version",
        summary: "say which version of Sallyport this is")

    init(_ arguments: inout Arguments) {}

    func run(for principal: Principal, in context: SessionContext) -> (any RunningCommand)? {
        context.answer("sallyport \(Version.text)\n")
        return nil
    }
}
