/// What is wrong with a configuration file, and where. For administrators: it names a path.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    public var path: String
    /// Counted from 1; nil when the whole file is meant.
    public var line: Int?
    /// As `section.key`; nil when the text is not TOML at all.
    public var key: String?
    /// What was expected there.
    public var expected: String

    package init(path: String, line: Int? = nil, key: String? = nil, expected: String) {
        self.path = path
        self.line = line
        self.key = key
        self.expected = expected
    }

    /// `path:line: key: expected …`
    public var description: String {
        var text = path
        if let line { text += ":\(line)" }
        if let key { text += ": \(key)" }
        return text + ": \(expected)"
    }
}
