import CommandGrammar
import Policy
import Version

/// `version`: which Sallyport this is.
struct VersionCommand: PersonalCommand {
    static let manual = Manual(
        name: "version", spellings: ["--version", "-V"], synopsis: "version",
        summary: "which Sallyport this is")

    init(_ arguments: inout Arguments) {}

    func run(for principal: Principal, in context: SessionContext) -> (any RunningCommand)? {
        context.answer("sallyport \(Version.text)\n")
        return nil
    }
}
