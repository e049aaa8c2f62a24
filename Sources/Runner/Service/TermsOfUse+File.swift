import AuthorizedKeys
import BuildAPI
import ConfigurationFile

extension TermsOfUse {
    /// Bytes, at most: people read it in a terminal.
    private static let maximumSize = 64 << 10

    /// Reads the file that `[runner] terms` names. The version is the beginning of the text's SHA-256, so that
    /// sha256sum shows it too.
    init(file path: String) throws(ConfigurationError) {
        let text = try SmallFile.read(path, for: .everybody)
        guard text.utf8.count <= Self.maximumSize else {
            throw ConfigurationError(path: path, expected: "terms of use can have at most 64 KiB")
        }
        guard !text.allSatisfy(\.isWhitespace) else {
            throw ConfigurationError(path: path, expected: "expected terms of use; the file is empty")
        }
        self.init(version: SHA256.digest(of: Array(text.utf8)).prefix(6).hexadecimal, text: text)
    }
}
