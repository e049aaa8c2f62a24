import BuildAPI
import ConfigurationFile

/// Which tokens have which role.
struct Tokens: Sendable {
    private let entries: [TokenEntry]

    var count: Int { entries.count }

    /// Reads the file that `[runner] tokens` names: one line for each token, and comments with `#`.
    init(file path: String) throws(ConfigurationError) {
        try self.init(SmallFile.read(path, for: .group), path: path)
    }

    /// - Parameter path: for error messages only.
    init(_ text: String, path: String) throws(ConfigurationError) {
        var entries: [TokenEntry] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            let words = line.drop(while: \.isWhitespace)
            guard !words.isEmpty, words.first != "#" else { continue }
            guard let entry = TokenEntry(line: words) else {
                throw ConfigurationError(
                    path: path, line: index + 1,
                    expected: "expected a name, a role (keys, gateway, operator) and the SHA-256 of a token")
            }
            guard !entries.contains(where: { $0.name == entry.name || $0.hash == entry.hash }) else {
                throw ConfigurationError(
                    path: path, line: index + 1, expected: "this name or hash appears twice")
            }
            entries.append(entry)
        }
        self.entries = entries
    }

    /// Nil: unknown. The time this takes can reveal something about a hash, but not the token.
    func entry(of token: Substring) -> TokenEntry? {
        let hash = TokenEntry.hash(of: String(token))
        return entries.first { $0.hash == hash }
    }

    /// The token of an Authorization header (RFC 6750, section 2.1); nil: it has none.
    static func token(in header: String) -> Substring? {
        let words = header.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
        return words[1]
    }
}
