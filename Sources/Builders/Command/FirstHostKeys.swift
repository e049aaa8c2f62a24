import AuthorizedKeys
import Provider
import TaskChannel

/// The host keys that a machine shows first, for want of anyone who vouches for them: ssh-keyscan(1).
enum FirstHostKeys {
    private static let program = "ssh-keyscan"
    /// The types that gateways can check.
    private static let types = "ed25519,ecdsa,rsa"

    /// Returns when the SSH server there has answered; throws `notReady` at the deadline.
    static func learn(
        at address: String, port: UInt16, before deadline: ContinuousClock.Instant
    ) async throws(BuilderError) -> [String] {
        let arguments = ["-T", "10", "-p", "\(port)", "-t", types, address]
        while true {
            let outcome = try await ShortCommand(
                program: program, arguments: arguments, limit: .seconds(60)
            ).run()
            let keys = keys(in: outcome.output)
            guard keys.isEmpty else { return keys }
            guard !Task.isCancelled else { throw BuilderError(.cancelled) }
            guard ContinuousClock.now < deadline else {
                throw BuilderError(.notReady, detail: "\(program): \(outcome.errors)")
            }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    /// - Parameter output: lines of known_hosts.
    static func keys(in output: String) -> [String] {
        var keys: [String] = []
        for line in output.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            guard words.count >= 3, let (key, _) = try? PublicKey.parse(line: "\(words[1]) \(words[2])"),
                !keys.contains(key.line)
            else { continue }
            keys.append(key.line)
        }
        return Array(keys.prefix(AllocatedMachine.mostHostKeys))
    }
}
