import AuthorizedKeys

/// The lines of a `.pub` file.
enum KeyLines {
    /// Every line must be a key; empty lines and comments are skipped. A private key is never sent.
    static func parse(_ bytes: [UInt8]) throws(Failure) -> [String] {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(.data, "This is not a public key.")
        }
        guard !text.contains("PRIVATE KEY"), !text.hasPrefix("PuTTY-User-Key-File") else {
            throw Failure(
                .data, "This is a private key. Keep it to yourself, and add the file that ends in .pub.")
        }
        var lines: [String] = []
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            let line = String(line.drop(while: \.isWhitespace))
            if line.isEmpty || line.hasPrefix("#") { continue }
            do throws(KeyError) {
                _ = try PublicKey.parse(line: line)
            } catch {
                throw Failure(
                    .data, "Line \(number + 1) is not a public key such as \"ssh-ed25519 AAAA… comment\".")
            }
            lines.append(line)
        }
        guard !lines.isEmpty else { throw Failure(.data, "The file has no key.") }
        return lines
    }
}
