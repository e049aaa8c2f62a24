import BuildAPI
import Policy

/// Finds out who someone is by their key.
struct Identification {
    /// Finds a key.
    let find: @Sendable (_ fingerprint: String) async throws(RunnerError) -> Key?

    /// The owner of that key, if they are the person that the gateway names and are not suspended.
    ///
    /// - Parameter line: `<type> <base64>`, if the gateway has sent it.
    func principal(
        _ id: String, _ fingerprint: String, key line: String? = nil
    ) async throws(RunnerError) -> Principal {
        guard let key = try await find(fingerprint), Person.isSame(key.owner.id, id) else {
            throw RunnerError(.forbidden, "This key is not that person's.")
        }
        // Compare bytes: this text is what the builder accepts, and equal text can have different bytes.
        if let line, !line.utf8.elementsEqual("\(key.type) \(key.key)".utf8) {
            throw RunnerError(.forbidden, "The key and the fingerprint do not match.")
        }
        return try deciding { () throws(Denial) in try Principal.identify(key, fingerprint: fingerprint) }
    }
}
