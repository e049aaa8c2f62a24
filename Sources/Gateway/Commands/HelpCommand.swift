import CommandGrammar
import Policy
import Presentation

/// `help`: lists the verbs, one line each, or explains one.
struct HelpCommand: Command, PersonalCommand {
    static let manual = Manual(
        name: "help", spellings: ["--help", "-h"], synopsis: "help [verb]",
        summary: "list the verbs, or explain one")

    /// A verb's name; nil: all verbs.
    let topic: String?

    init(topic: String?) {
        self.topic = topic
    }

    init(_ arguments: inout Arguments) throws(UsageError) {
        guard let word = arguments.optionalWord() else {
            topic = nil
            return
        }
        guard let verb = Verbs.named(word) ?? Verbs.spelled(word) ?? Verbs.alias(word) else {
            throw UsageError(
                Verbs.nearest(to: word).map { .misspelling(of: $0.manual.name) } ?? .unknownVerb, word: word)
        }
        topic = verb.manual.name
    }

    func run(for principal: Principal, in context: SessionContext) -> (any RunningCommand)? {
        let text = Self.text(about: topic)
        if topic == AttachCommand.manual.name {
            context.withStepLines(for: principal.person) { lines in
                context.answer(text + (lines.map { "\n\($0.text)" } ?? ""))
            }
        } else {
            context.answer(text)
        }
        return nil
    }

    static func text(about topic: String?) -> String {
        guard let manual = topic.flatMap(Verbs.named)?.manual else { return all }
        return "\(manual.synopsis)\n\n    \(manual.summary)\n"
            + (manual.details.isEmpty ? "" : "\n\(manual.details)\n")
    }

    /// Before the sentence about a command that is not understood: the verb that the person meant, if it is known.
    static func usage(for error: UsageError) -> String {
        let name: String? =
            switch error.code {
            case .alias(let verb), .misspelling(let verb): verb
            default: error.verb
            }
        guard let manual = name.flatMap(Verbs.named)?.manual else { return "" }
        return "\(manual.synopsis)\n    \(manual.summary)\n"
            + (manual.details.isEmpty ? "" : "    For more: help \(manual.name)\n")
    }

    private static var all: String {
        Verbs.all.map(\.manual).map { manual in
            let synopsis = manual.synopsis.padded(to: column)
            let gap = manual.synopsis.count < column ? "" : "\n" + "".padded(to: column)
            return "\(synopsis)\(gap)\(manual.summary)\n"
        }.joined() + "\nFor one verb: help VERB, or VERB --help.\n"
    }

    /// Where summaries begin.
    private static let column = 38
}
