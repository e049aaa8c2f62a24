/// The syntax of a verb, as a value: which words are options, and where they end.
///
/// The grammar works on bytes: blanks separate words and there is no quoting, because ssh(1) has already joined the
/// words with blanks.
public struct Syntax: Equatable, Sendable {
    /// Options without a value.
    public var flags: Set<String>
    /// Options that take one word.
    public var values: Set<String>
    /// Options that take one word, and can be given several times.
    public var lists: Set<String>
    /// Options that take everything up to the end of the line or, where a command follows, up to the word `--`.
    public var texts: Set<String>
    /// Whether a job and a command follow: options stand before the job or directly after it, and the rest is taken
    /// unchanged.
    public var endsWithCommand: Bool

    /// By default: plain words and no options. Options can be anywhere after the verb.
    public init(
        flags: Set<String> = [], values: Set<String> = [], lists: Set<String> = [], texts: Set<String> = [],
        endsWithCommand: Bool = false
    ) {
        self.flags = flags
        self.values = values
        self.lists = lists
        self.texts = texts
        self.endsWithCommand = endsWithCommand
    }

    public var options: Set<String> { flags.union(values).union(lists).union(texts) }

    /// Options of every verb: they ask for its help.
    public static let help: Set<String> = ["--help", "-h"]
}
