public import BuildAPI

/// The words after a verb, separated into options and plain words.
///
/// A verb takes the words that it understands; ``end()`` refuses the rest.
public struct Arguments: Sendable {
    /// Bytes that are not UTF-8 have become U+FFFD, which none of our names contains.
    private var plain: ArraySlice<String> = []
    /// For ``Syntax/endsWithCommand``: the command, byte for byte; nil without one.
    private var command: [UInt8]?
    private var flags: Set<String> = []
    private var values: [String: String] = [:]
    private var lists: [String: [String]] = [:]
    /// Whether the person asks for the verb's help. Nothing else counts then.
    public private(set) var wantsHelp = false

    /// - Parameter words: the words after the verb.
    public init(_ words: Words, _ syntax: Syntax) throws(UsageError) {
        var words = words
        var plain: [String] = []
        while let word = words.peek() {
            if syntax.endsWithCommand, word == "--" || !plain.isEmpty && !word.hasPrefix("-") {
                if word == "--" { _ = words.next() }
                command = words.bytes.isEmpty ? nil : words.bytes
                break
            }
            _ = words.next()
            guard word.hasPrefix("-") else {
                plain.append(word)
                continue
            }
            guard !Syntax.help.contains(word) else {
                wantsHelp = true
                break
            }
            try take(word, from: &words, syntax)
        }
        self.plain = plain[...]
    }

    private mutating func take(
        _ option: String, from words: inout Words, _ syntax: Syntax
    ) throws(UsageError) {
        guard syntax.options.contains(option) else { throw Self.unknown(option, syntax) }
        if syntax.flags.contains(option) {
            flags.insert(option)
        } else if syntax.texts.contains(option) {
            values[option] = try Self.text(after: option, from: &words, syntax)
        } else {
            guard values[option] == nil else { throw UsageError(.contradiction, word: option) }
            // No value begins like an option.
            guard let value = words.peek(), !value.hasPrefix("-") else {
                throw UsageError(.missing(.value), word: option)
            }
            _ = words.next()
            if syntax.lists.contains(option) {
                lists[option, default: []].append(value)
            } else {
                values[option] = value
            }
        }
    }

    private static func unknown(_ option: String, _ syntax: Syntax) -> UsageError {
        if syntax.endsWithCommand, let code = UsageError.Code(optionOfSSH: option) {
            return UsageError(code, word: option)
        }
        let digits = option.dropFirst(option.hasPrefix("-n") ? 2 : 1)
        if syntax.values.contains("-n"), !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) {
            return UsageError(.attachedCount(of: "-n"), word: String(digits))
        }
        return UsageError(.unknownOption, word: option)
    }

    /// Everything up to the end of the line, or up to the command: an option in a text is a word like any other.
    private static func text(
        after option: String, from words: inout Words, _ syntax: Syntax
    ) throws(UsageError) -> String {
        var text: [String] = []
        while let word = words.peek(), !(syntax.endsWithCommand && word == "--") {
            _ = words.next()
            text.append(word)
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

    public func has(_ option: String) -> Bool {
        flags.contains(option) || values[option] != nil || lists[option] != nil
    }

    /// The values of an option that can be given several times, in their order.
    public func values(of option: String) -> [String] { lists[option] ?? [] }

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

    /// The value of an option that takes a processor architecture, in any of its names.
    public func architecture(_ option: String) throws(UsageError) -> Architecture? {
        guard let value = values[option] else { return nil }
        guard let architecture = Architecture(value) else {
            throw UsageError(.malformedArchitecture, word: value)
        }
        return architecture
    }

    /// The value of an option that takes a number.
    public func count(_ option: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let value = values[option] else { return nil }
        guard value.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let count = Int(value),
            range.contains(count)
        else { throw UsageError(.malformedCount(range), word: value) }
        return count
    }

    /// The value of an option that takes one of a few words.
    public func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ option: String
    ) throws(UsageError) -> Choice? {
        guard let value = values[option] else { return nil }
        guard let choice = Choice(rawValue: value) else {
            throw UsageError(.malformedChoice(of: Choice.allCases.map(\.rawValue)), word: value)
        }
        return choice
    }

    /// The value of an option that takes a job.
    public func job(_ option: String) throws(UsageError) -> JobID? {
        guard let value = values[option] else { return nil }
        return try JobID(written: value)
    }

    // MARK: Words

    public mutating func optionalWord() -> String? { plain.popFirst() }

    public mutating func word(_ what: UsageError.Part) throws(UsageError) -> String {
        guard let word = plain.popFirst() else { throw UsageError(.missing(what), word: "") }
        return word
    }

    public mutating func job() throws(UsageError) -> JobID { try JobID(written: try word(.job)) }

    public mutating func optionalJob() throws(UsageError) -> JobID? {
        guard let word = plain.popFirst() else { return nil }
        return try JobID(written: word)
    }

    /// For ``Syntax/endsWithCommand``: a job, which is optional, and a command, byte for byte.
    ///
    /// - Returns: a command that is nil, or not empty.
    public mutating func jobAndCommand() throws(UsageError) -> (job: JobID?, command: [UInt8]?) {
        defer { command = nil }
        return (try optionalJob(), command)
    }

    /// Refuses a word that has not been taken.
    public func end() throws(UsageError) {
        if let word = plain.first ?? command.flatMap({ Words($0).peek() }) {
            throw UsageError(.tooManyWords, word: word)
        }
    }
}
