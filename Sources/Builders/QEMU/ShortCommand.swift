import Subprocess
import SystemPackage

/// Runs a program to its end, with a deadline; the program is killed when it passes.
struct ShortCommand: Sendable {
    var program: String
    var arguments: [String]
    var input = Input.bytes([])
    var limit: Duration = .seconds(30)

    /// What the program reads.
    enum Input: Sendable {
        case bytes([UInt8])
        case file(FilePath)
        /// It stays open here.
        case descriptor(FileDescriptor)
    }

    /// The result. `status` is nil if the deadline passed.
    struct Outcome: Sendable {
        var status: Int32?
        var output: String
        var errors: String
    }

    /// The environment of every program that we start: it inherits nothing.
    static let environment: Environment = .custom(["PATH": path, "LC_ALL": "C"])

    /// Where they are.
    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    func run() async throws(MachineError) -> Outcome {
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
            throw MachineError(.programMissing, detail: program)
        } catch is CancellationError {
            throw MachineError(.cancelled)
        } catch {
            throw MachineError(.commandFailed, detail: "\(program): \(error)")
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
