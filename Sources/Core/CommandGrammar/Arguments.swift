public import BuildAPI

/// The words after a verb, separated into options and plain words.
///
/// A verb takes the words that it understands; ``end()`` refuses the rest.
public struct Arguments: Sendable {
    /// Bytes that are not UTF-8 have become U+FFFD, which none of our names contains.
    private var plain: ArraySlice<String>
    /// Everything after the options, unread, if a command follows them.
    private var rest: Words
    private var flags: Set<String> = []
    private var values: [String: String] = [:]

    /// - Parameter words: the words after the verb.
    public init(_ words: Words, _ syntax: Syntax) throws(UsageError) {
        var words = words
        var plain: [String] = []
        while let word = words.peek(), !(syntax.endsWithCommand && Self.endsOptions(word)) {
            _ = words.next()
            guard word.hasPrefix("-") else {
                plain.append(word)
                continue
            }
            guard syntax.options.contains(word) else { throw UsageError(.unknownOption, word: word) }
            if syntax.flags.contains(word) {
                flags.insert(word)
                continue
            }
            guard values[word] == nil || syntax.texts.contains(word) else {
                throw UsageError(.contradiction, word: word)
            }
            values[word] = try Self.value(of: word, from: &words, syntax)
        }
        self.plain = plain[...]
        rest = words
    }

    private static func endsOptions(_ word: String) -> Bool { !word.hasPrefix("-") || word == "--" }

    private static func value(
        of option: String, from words: inout Words, _ syntax: Syntax
    ) throws(UsageError) -> String {
        guard syntax.texts.contains(option) else {
            // No value begins like an option.
            guard let value = words.peek(), !value.hasPrefix("-") else {
                throw UsageError(.missing(.value), word: option)
            }
            _ = words.next()
            return value
        }
        var text: [String] = []
        while let next = words.peek(), !syntax.options.contains(next) {
            text.append(next)
            _ = words.next()
        }
        guard !text.isEmpty else { throw UsageError(.missing(.text), word: option) }
        return unquoted(text.joined(separator: " "))
    }

    /// Removes quotes: a person who quotes for a second shell, which does not exist here, means the text inside.
    private static func unquoted(_ text: String) -> String {
        for quote in ["\"", "'"] where text.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            return String(text.dropFirst().dropLast())
        }
        return text
    }

    // MARK: Options

    public func has(_ option: String) -> Bool { flags.contains(option) || values[option] != nil }

    public func value(of option: String) -> String? { values[option] }

    /// Refuses two options that exclude each other.
    public func exclude(_ option: String, with other: String) throws(UsageError) {
        if has(option), has(other) { throw UsageError(.contradiction, word: other) }
    }

    /// The value of an option that takes a host name.
    public func host(_ option: String) throws(UsageError) -> String? {
        guard let value = values[option] else { return nil }
        guard HostName.isValid(value) else { throw UsageError(.malformedHost, word: value) }
        return value
    }

    /// The value of an option that takes a job.
    public func job(_ option: String) throws(UsageError) -> JobID? {
        guard let value = values[option] else { return nil }
        return try JobID(named: value)
    }

    // MARK: Words

    public mutating func optionalWord() -> String? { plain.popFirst() }

    public mutating func word(_ what: UsageError.Part) throws(UsageError) -> String {
        guard let word = plain.popFirst() else { throw UsageError(.missing(what), word: "") }
        return word
    }

    public mutating func job() throws(UsageError) -> JobID { try JobID(named: try word(.job)) }

    public mutating func optionalJob() throws(UsageError) -> JobID? {
        guard let word = plain.popFirst() else { return nil }
        return try JobID(named: word)
    }

    /// The words after the options, for ``Syntax/endsWithCommand``: a job, which is optional, and a command, byte
    /// for byte.
    ///
    /// - Returns: a command that is nil, or not empty.
    public mutating func jobAndCommand() throws(UsageError) -> (job: JobID?, command: [UInt8]?) {
        var job: JobID?
        if let word = rest.peek(), word != "--" {
            job = try JobID(named: word)
            _ = rest.next()
        }
        if rest.peek() == "--" { _ = rest.next() }
        let command = rest.bytes
        rest = Words([])
        return (job, command.isEmpty ? nil : command)
    }

    /// Refuses a word that has not been taken.
    public func end() throws(UsageError) {
        if let word = plain.first ?? rest.peek() { throw UsageError(.tooManyWords, word: word) }
    }
}
