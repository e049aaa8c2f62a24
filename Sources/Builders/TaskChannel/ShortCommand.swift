import HelperPrograms
package import Provider
package import Subprocess
package import SystemPackage

/// Runs a program to its end, with a deadline; the program is killed when it passes.
package struct ShortCommand: Sendable {
    package var program: String
    package var arguments: [String]
    package var input: Input
    package var limit: Duration

    package init(
        program: String, arguments: [String], input: Input = .bytes([]), limit: Duration = .seconds(30)
    ) {
        self.program = program
        self.arguments = arguments
        self.input = input
        self.limit = limit
    }

    /// What the program reads.
    package enum Input: Sendable {
        case bytes([UInt8])
        case file(FilePath)
        /// It stays open here.
        case descriptor(FileDescriptor)
    }

    /// The result. `status` is nil if the deadline passed.
    package struct Outcome: Sendable {
        package var status: Int32?
        package var output: String
        package var errors: String
    }

    /// The environment of every program that we start: it inherits nothing.
    package static let environment: Environment = .custom(["PATH": path, "LC_ALL": "C"])

    /// Where they are.
    package static let path = HelperProgram.path

    package func run() async throws(BuilderError) -> Outcome {
        do {
            let outcome = try await within(limit) { () async throws -> Outcome in
                switch input {
                case .bytes(let bytes): return try await run(reading: .array(bytes))
                case .file(let path):
                    return try await run(
                        reading: .fileDescriptor(
                            try FileDescriptor.open(path, .readOnly), closeAfterSpawningProcess: true))
                case .descriptor(let open):
                    return try await run(reading: .fileDescriptor(open, closeAfterSpawningProcess: false))
                }
            }
            return outcome ?? Outcome(status: nil, output: "", errors: "no answer within \(limit)")
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw BuilderError(.programMissing, detail: program)
        } catch is CancellationError {
            throw BuilderError(.cancelled)
        } catch {
            throw BuilderError(.commandFailed, detail: "\(program): \(error)")
        }
    }

    private func run(reading input: some InputProtocol) async throws -> Outcome {
        let result = try await Subprocess.run(
            .name(program), arguments: Arguments(arguments), environment: ShortCommand.environment,
            input: input, output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        let status: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return Outcome(status: status, output: result.standardOutput, errors: result.standardError)
    }
}
