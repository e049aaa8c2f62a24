import Subprocess

extension Command {
    /// Runs a command that uses our own input and outputs, such as one that asks for a password.
    public static func runAttached(_ arguments: [String]) async throws -> Int32 {
        let result = try await Subprocess.run(
            executable(arguments), arguments: Arguments(Array(arguments.dropFirst())),
            input: .currentStandardInput, output: .currentStandardOutput, error: .currentStandardError)
        return status(result.terminationStatus)
    }
}
