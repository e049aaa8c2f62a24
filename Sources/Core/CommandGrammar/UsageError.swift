/// Why a command is not understood.
public struct UsageError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: Equatable, Sendable {
        case unknownVerb
        /// Another program's name for that verb.
        case alias(of: String)
        case unknownOption
        case malformedJob
        case malformedDuration
        case malformedHost
        case missing(Part)
        /// Two options that exclude each other.
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

    /// One line. It quotes at most 40 characters of the word, with `?` for what is not printable ASCII.
    public var description: String {
        let quoted = "“\(printable)”"
        return switch code {
        case .unknownVerb: "Unknown verb: \(quoted). For all verbs: help."
        case .alias(let verb): "\(quoted) is called “\(verb)” here."
        case .unknownOption: "This verb has no option \(quoted)."
        case .malformedJob:
            "\(quoted) is not a job. A job's id has at most 64 letters, digits, “_” and “-”."
        case .malformedDuration: "\(quoted) is not a duration. Write 30m, 2h, 1h30m or 1d."
        case .malformedHost: "\(quoted) is not a host name."
        case .missing(.value): "\(quoted) needs a value."
        case .missing(.job): "Which job? Give its number."
        case .missing(.user): "Which person? Give their name."
        case .missing(.fingerprint): "Which key? Give its fingerprint; “keys” lists them."
        case .missing(.text): "\(quoted) needs a text."
        case .contradiction: "\(quoted) cannot be combined with another option you gave."
        case .tooManyWords: "Unexpected word: \(quoted)."
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
