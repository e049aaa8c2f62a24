import KeyForms

/// The public keys in a file, as lines of a .pub file. A private key is never sent.
enum KeyLines {
    static func parse(_ bytes: [UInt8]) throws(Failure) -> [String] {
        do throws(KeyFormError) {
            return try SubmittedKeys(bytes).keys.map(\.line)
        } catch {
            throw Failure(.data, error.description)
        }
    }
}
