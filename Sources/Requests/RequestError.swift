/// Why the words of a person make no request.
public struct RequestError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: Equatable, Sendable {
        case unknownVerb
        case unknownOption
        case malformedJob
        case tooManyWords
    }

    public let code: Code
    /// The word concerned, as the person sent it: hostile until it is escaped.
    public let word: String

    init(_ code: Code, word: String) {
        self.code = code
        self.word = word
    }

    /// One sentence. Of the word it quotes what is printable ASCII, at most 40 characters.
    public var description: String {
        let quoted = "“\(printable)”"
        return switch code {
        case .unknownVerb: "There is no verb \(quoted)."
        case .unknownOption: "There is no option \(quoted) here."
        case .malformedJob: "\(quoted) is not the name of a job: letters, digits, “_” and “-”, at most 64."
        case .tooManyWords: "There is one word too many: \(quoted)."
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
