import BuildAPI
import CommandGrammar

/// A person's command: SSH_ORIGINAL_COMMAND, parsed.
enum Request {
    case personal(any PersonalCommand)
    case job(any JobCommand)

    /// - Parameter originalCommand: the bytes of SSH_ORIGINAL_COMMAND; nil if it is not set.
    init(originalCommand: [UInt8]?) throws(UsageError) {
        var words = Words(originalCommand ?? [])
        guard let word = words.next() else {
            self = .personal(Greeting())
            return
        }
        if let verb = Verbs.named(word) {
            self = try verb.request(words)
        } else if let verb = Verbs.spelled(word) {
            self = try verb.request(Words([]))
        } else {
            throw UsageError(Self.code(for: word, words), word: word)
        }
    }

    /// What a first word is that is no verb.
    private static func code(for word: String, _ rest: Words) -> UsageError.Code {
        if let program = ForeignProgram(word: word, rest: rest) { return .foreign(program) }
        if let verb = Verbs.alias(word) { return .alias(of: verb.manual.name) }
        // A job's id can be a word too: those that nobody would take for a verb.
        if let job = try? JobID(written: word), word.contains(where: { "0123456789#/".contains($0) }) {
            return .jobWithoutVerb(job.description)
        }
        if let verb = Verbs.nearest(to: word) { return .misspelling(of: verb.manual.name) }
        return .unknownVerb
    }
}
