/// Why the words of a person are no command.
public struct UsageError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: Equatable, Sendable {
        case unknownVerb
        /// A word of another program for that verb.
        case alias(of: String)
        case unknownOption
        case malformedJob
        case malformedDuration
        case malformedHost
        case missing(Part)
        /// Two options that cannot both be meant.
        case contradiction
        case tooManyWords
    }

    /// What can be missing.
    public enum Part: Equatable, Sendable {
        case job, user, fingerprint
        /// Of an option that takes several words.
        case text
        /// Of an option.
        case value
    }

    public let code: Code
    /// The word concerned, as the person sent it: hostile until it is escaped.
    public let word: String

    public init(_ code: Code, word: String) {
        self.code = code
        self.word = word
    }

    /// One sentence. Of the word it quotes what is printable ASCII, at most 40 characters.
    public var description: String {
        let quoted = "“\(printable)”"
        return switch code {
        case .unknownVerb: "There is no verb \(quoted)."
        case .alias(let verb): "There is no verb \(quoted); here it is called “\(verb)”."
        case .unknownOption: "There is no option \(quoted) here."
        case .malformedJob: "\(quoted) is not the name of a job: letters, digits, “_” and “-”, at most 64."
        case .malformedDuration: "\(quoted) is not a length of time. Write it like 30m, 2h, 1h30m or 1d."
        case .malformedHost: "\(quoted) is not the name of a host."
        case .missing(.value): "A value is missing after \(quoted)."
        case .missing(.job): "The job is missing."
        case .missing(.user): "The name of the other person is missing."
        case .missing(.fingerprint): "The key's fingerprint is missing; “keys” lists them."
        case .missing(.text): "There is no text after \(quoted)."
        case .contradiction: "\(quoted) contradicts another option."
        case .tooManyWords: "\(quoted) is one word too many."
        }
    }

    private var printable: String {
        let limit = 40
        let text = word.unicodeScalars.prefix(limit).map {
            (32..<127).contains($0.value) ? Character($0) : "?"
        }
        return String(text) + (word.unicodeScalars.count > limit ? "…" : "")
    }
}
