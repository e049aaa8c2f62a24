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
            let isHelp = words.peek() == "--help" || words.peek() == "-h"
            self = isHelp ? .personal(HelpCommand(topic: word)) : try verb.request(words)
        } else if let verb = Verbs.spelled(word) {
            self = try verb.request(Words([]))
        } else if let verb = Verbs.alias(word) {
            throw UsageError(.alias(of: verb.manual.name), word: word)
        } else {
            throw UsageError(.unknownVerb, word: word)
        }
    }
}
