public import BuildAPI
public import ConfigurationFile

extension BearerToken {
    /// The only line of a file that nobody else can read.
    public init(file path: String) throws(ConfigurationError) {
        let lines = try SmallFile.read(path, for: .nobody).split(whereSeparator: \.isNewline)
        guard lines.count == 1, let token = BearerToken(lines[0]) else {
            throw ConfigurationError(path: path, expected: "expected one line with a token")
        }
        self = token
    }
}
