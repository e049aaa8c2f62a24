public import BuildAPI
import Subprocess
public import SystemPackage

/// How a task has ended.
public struct TaskEnd: Sendable, Hashable {
    /// 128 + N if signal N killed it.
    public var exitStatus: Int32
    /// What the builder had run out of by then. If it was the disk, output may be missing.
    public var shortages: Set<Job.Task.Shortage>
    /// Whether it has used `complete-build`, and nothing has gone wrong after that.
    public var completesBuild = false
}

/// Tasks run detached in the guest; their output and exit status are files there (see task-start in the image).
extension Machine {
    /// How long unpacking a source can take, on a slow machine.
    private static let unpackingTime = Duration.seconds(600)

    /// Unpacks a tar archive into ~/src, where tasks and shells start from then on. Doing it again changes nothing.
    ///
    /// - Parameter isCompressed: with gzip.
    public func unpack(_ archive: FilePath, isCompressed: Bool) async throws(MachineError) {
        try await shell.run(
            "/usr/lib/sallyport/unpack\(isCompressed ? " gzip" : "")", input: .file(archive),
            limit: Self.unpackingTime)
    }

    /// Copies the job's scripts and environment into the guest. Doing it again changes nothing.
    public func prepare(_ job: Workload) async throws(MachineError) {
        try await shell.run(
            "/usr/lib/sallyport/prepare", input: .bytes(try job.archive()), limit: .seconds(60))
    }

    /// The path of a task's script in the guest, as its user's shell accepts it, for people who repeat the task.
    public static func scriptPath(ofTask name: String) -> String {
        "~/.tasks/\(name)"
    }

    /// Starts a task. Starting it again, even after a restart of the runner, changes nothing.
    public func startTask(_ name: String) async throws(MachineError) {
        try Workload.checkTaskName(name)
        try await shell.run("/usr/lib/sallyport/task-start \(name)")
    }

    /// Passes on the task's output from byte `offset` on, as it is written, until the task has ended.
    ///
    /// Returns how the task ended. Throws `connectionLost` when the connection
    /// breaks: call it again with the number of bytes that have arrived, and nothing is lost or repeated.
    /// An error from `receive` ends it with `receiverFailed`, cancellation with `cancelled`.
    public func follow(
        task name: String, from offset: Int, _ receive: ([UInt8]) async throws -> Void
    ) async throws(MachineError) -> TaskEnd {
        try Workload.checkTaskName(name)
        var failure: (any Error)?
        do {
            let result = try await Subprocess.run(
                .name(SecureShell.program),
                arguments: Arguments(
                    shell.arguments("/usr/lib/sallyport/task-follow \(name) \(max(0, offset))")),
                environment: ShortCommand.environment, input: .none, output: .sequence,
                error: .string(limit: 1 << 16)
            ) { execution in
                for try await buffer in execution.standardOutput {
                    do {
                        try await receive(buffer.withUnsafeBytes { Array($0) })
                    } catch {
                        failure = error
                        throw error
                    }
                }
            }
            guard !Task.isCancelled else { throw MachineError(.cancelled) }
            return try Self.taskEnd(result.terminationStatus, messages: result.standardError)
        } catch let error as MachineError {
            throw error
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw MachineError(.programMissing, detail: SecureShell.program)
        } catch {
            if error is CancellationError || Task.isCancelled { throw MachineError(.cancelled) }
            if let failure { throw MachineError(.receiverFailed, detail: "\(failure)") }
            throw MachineError(.connectionLost, detail: "\(error)")
        }
    }

    /// What task-follow says before the exit status.
    private static let shortages: [Substring: Job.Task.Shortage] = [
        "sallyport-disk-full": .disk, "sallyport-out-of-memory": .memory,
    ]

    /// The task's exit status is the last line that task-follow writes to standard error.
    private static func taskEnd(
        _ status: TerminationStatus, messages: String
    ) throws(MachineError) -> TaskEnd {
        switch status {
        case .exited(0):
            let mark = "sallyport-exit-status "
            let lines = messages.split(whereSeparator: \.isNewline)
            let line = lines.last { $0.hasPrefix(mark) }
            guard let line, let number = Int32(line.dropFirst(mark.count)) else {
                throw MachineError(.connectionLost, detail: messages)
            }
            return TaskEnd(
                exitStatus: number, shortages: Set(shortages.filter { lines.contains($0.key) }.values),
                completesBuild: number == 0 && lines.contains("sallyport-complete-build"))
        case .exited(let code): throw SecureShell.error(status: code, messages: messages)
        case .signaled: throw MachineError(.connectionLost, detail: "ssh was killed. \(messages)")
        }
    }
}
