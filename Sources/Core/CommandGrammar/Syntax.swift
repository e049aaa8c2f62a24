/// What can be said after a verb, as a value: which words are options, and where they end.
///
/// The grammar is one of bytes: blanks separate words and there is no quoting, because ssh(1) has joined the words
/// with blanks already.
public struct Syntax: Equatable, Sendable {
    /// Options that stand alone.
    public var flags: Set<String>
    /// Options that take one word.
    public var values: Set<String>
    /// Options that take all words up to the next option.
    public var texts: Set<String>
    /// Whether the options end at the first word that is none, so that all after the plain words can be taken as it is.
    public var endsWithCommand: Bool

    /// Without any of these: plain words and no options. Options may stand anywhere after the verb.
    public init(
        flags: Set<String> = [], values: Set<String> = [], texts: Set<String> = [],
        endsWithCommand: Bool = false
    ) {
        self.flags = flags
        self.values = values
        self.texts = texts
        self.endsWithCommand = endsWithCommand
    }

    var options: Set<String> { flags.union(values).union(texts) }
}
