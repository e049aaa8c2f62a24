import CommandGrammar
import Policy

/// `version`: which Sallyport this is.
struct VersionCommand: PersonalCommand {
    static let manual = Manual(
        name: "version", spellings: ["--version", "-V"], synopsis: "version",
        summary: "which Sallyport this is")

    init(_ arguments: inout Arguments) {}

    func run(for principal: Principal, in context: SessionContext) -> (any RunningCommand)? {
        context.answer("sallyport \(Version.current)\n")
        return nil
    }
}
