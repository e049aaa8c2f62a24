public import Provider
public import SystemPackage

/// Makes keys of SSH: ssh-keygen(1).
public enum KeyGeneration {
    package static let program = "ssh-keygen"

    /// Makes a key without a passphrase: the private half in that file, the public one next to it, as `FILE.pub`.
    ///
    /// - Parameter type: the options for its type.
    public static func makeKey(
        at file: FilePath, comment: String, type: [String] = ["-t", "ed25519"]
    ) async throws(BuilderError) {
        let outcome = try await ShortCommand(
            program: program, arguments: ["-q", "-N", "", "-C", comment, "-f", file.string] + type
        ).run()
        guard outcome.status == 0 else {
            throw BuilderError(ofProgram: "\(program): \(outcome.output) \(outcome.errors)")
        }
    }
}

extension BuilderError {
    /// Why a builder cannot be started, for a program's messages. (It runs in the C locale.)
    package init(ofProgram messages: String) {
        self.init(
            messages.contains("No space left on device") ? .noSpace : .startFailed, detail: messages)
    }
}
