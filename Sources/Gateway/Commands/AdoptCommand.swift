import BuildAPI
import CommandGrammar
import Policy
import ServiceClient

/// `adopt`: makes a machine that is nobody's the person's, by its code, and enters it if there is a terminal.
struct AdoptCommand: Command, PersonalCommand {
    static let manual = Manual(
        name: "adopt", aliases: ["pair"], synopsis: "adopt <code>",
        summary: "make the machine of a CI job yours, by the code in its log",
        details: """
            sallyport-attach --pair prints the code: it is good once, for five minutes. The machine is a job of
            yours then. With a terminal (ssh -t) you enter it at once; otherwise it says what to type.
            What the machine says of itself is unchecked, and whoever can read the CI's log can read the code.
            """)
    static let syntax = Syntax(flags: ["--json"])

    /// As the person entered it.
    let code: String
    let json: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        json = arguments.has("--json")
        // Some leave out the hyphen, and some write a space.
        let code = try arguments.word(.code) + (arguments.optionalWord() ?? "")
        // A code is in no message, and in no log, even if it is mistyped.
        guard (4...32).contains(code.utf8.count),
            code.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || Character(Unicode.Scalar($0)).isCodeLetter })
        else { throw UsageError(.malformedCode, word: "") }
        self.code = code
    }

    func run(for principal: Principal, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        guard let service = context.service.pairings else { throw .notOffered("“\(Self.manual.name)”") }
        let session = AdoptionSession(code, json: json, for: principal, service, in: context)
        try session.start()
        return session
    }
}

extension Character {
    fileprivate var isCodeLetter: Bool { isASCII && (isLetter || isNumber) }
}
