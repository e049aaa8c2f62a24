import BuildAPI
import NIOCore
public import Provider
import Subprocess
import SystemPackage

/// The task channel over SSH, with stock ssh and a few scripts in the builder.
///
/// Tasks run detached there; their output and exit status are files (see task-start in our images).
public final class SSHTaskChannel: TaskChannel {
    private let destination: SSHDestination
    package let shell: SecureShell
    private let peopleKeys: PeopleKeys
    private let bringScripts: (@Sendable (SSHTaskChannel) async throws -> Void)?

    /// - Parameter bringScripts: brings the scripts there, also when someone has removed them; nil: they are part of the image.
    public init(
        _ destination: SSHDestination,
        bringScripts: (@Sendable (SSHTaskChannel) async throws -> Void)? = nil
    ) {
        self.destination = destination
        self.bringScripts = bringScripts
        shell = SecureShell(destination)
        peopleKeys = PeopleKeys(shell)
    }

    /// How long unpacking a source can take, on a slow machine.
    private static let unpackingTime = Duration.seconds(600)

    /// The command line of one of the scripts.
    func script(_ words: String) -> String { "\(destination.scripts)/\(words)" }

    /// Waits until the SSH server of a machine that boots answers, shows the pinned key, and lets the runner in.
    ///
    /// - Parameters:
    ///   - isUp: whether the machine is on the network; nil: only looking tells.
    ///   - isAlive: whether the machine still exists.
    /// - Throws: `ended` as soon as it does not; `notReady` at the deadline; `notTrusted` if it shows another key, or does not
    ///   let the runner in.
    public func waitUntilReady(
        before deadline: ContinuousClock.Instant, isUp: () -> Bool? = { nil },
        while isAlive: () -> Bool = { true }
    ) async throws(BuilderError) {
        try await waitUntilAnswering(before: deadline, isUp: isUp, while: isAlive)
        try await waitUntilLettingIn(before: deadline, while: isAlive)
    }

    /// The same for a machine that is said to be ready: the first look at it is a login, which every look would cost it.
    ///
    /// - Throws: at the deadline `connectionLost`, with what ssh has said last.
    package func waitUntilLettingIn(
        before deadline: ContinuousClock.Instant, while isAlive: () -> Bool = { true }
    ) async throws(BuilderError) {
        while true {
            do {
                return try await shell.run("true")
            } catch  where error.code == .connectionLost && ContinuousClock.now < deadline {
                guard isAlive() else { throw BuilderError(.ended) }
                guard !Task.isCancelled else { throw BuilderError(.cancelled) }
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Waits until an SSH server answers, whoever that lets in.
    ///
    /// A look at a guest that is not on the network yet is lost, and harms: QEMU delivers it later, and an emulated server works
    /// for a second on each. Where only looking tells, each look is longer.
    ///
    /// The parameters and errors are those of ``waitUntilReady(before:isUp:while:)``.
    public func waitUntilAnswering(
        before deadline: ContinuousClock.Instant, isUp: () -> Bool? = { nil },
        while isAlive: () -> Bool = { true }
    ) async throws(BuilderError) {
        let start = ContinuousClock.now
        var wasUp = false
        while true {
            guard !Task.isCancelled else { throw BuilderError(.cancelled) }
            guard isAlive() else { throw BuilderError(.ended) }
            guard ContinuousClock.now < deadline else { throw BuilderError(.notReady) }
            if let limit = Self.look(isUp: wasUp ? true : isUp(), after: start.duration(to: .now)) {
                switch await Banner.look(at: destination.endpoint, limit: TimeAmount(limit)) {
                case .shown: return
                case .closed: wasUp = true
                case .missing: break
                }
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    /// How long a look at the machine lasts; nil: it is too early for one. On a busy host even the banner can take seconds.
    static func look(isUp: Bool?, after waiting: Duration) -> Duration? {
        switch isUp {
        case true?: .seconds(5)
        case false?: nil
        case nil: min(max(.milliseconds(500), waiting / 8), .seconds(5))
        }
    }

    /// Brings the scripts there that the other functions call.
    package func prepareScripts() async throws {
        try await bringScripts?(self)
    }

    /// Ends the connection that all calls share. It is not an error if there is none.
    package func disconnect() async {
        _ = try? await ShortCommand(
            program: SecureShell.program, arguments: shell.ending, limit: .seconds(5)
        ).run()
    }

    /// Whether the builder lets the runner in now.
    package func answers() async -> Bool { await shell.answers() }

    /// Runs a command line there, to its end.
    package func run(_ command: String, input: [UInt8]) async throws(BuilderError) {
        try await shell.run(command, input: .bytes(input), limit: .seconds(60))
    }

    /// Into ~/src. Doing it again changes nothing.
    public func unpack(_ archive: String, isCompressed: Bool) async throws {
        try await shell.run(
            script("unpack\(isCompressed ? " gzip" : "")"), input: .file(FilePath(archive)),
            limit: Self.unpackingTime)
    }

    /// Doing it again changes nothing.
    public func prepare(_ workload: Workload) async throws {
        try await shell.run(
            script("prepare"), input: .bytes(try workload.archive(destination.archive)),
            limit: .seconds(60))
    }

    /// The path of a task's script in the builder, as its user's shell accepts it, for people who repeat the task.
    public static func scriptPath(ofTask name: String) -> String {
        "~/.tasks/\(name)"
    }

    public func startTask(_ name: String) async throws {
        try Workload.checkTaskName(name)
        try await shell.run(script("task-start \(name)"))
    }

    /// Tells the builder's own watchdog when to end the machine: some time after this deadline.
    public func setDeadline(secondsFromNow seconds: Int) async throws {
        try await shell.run(script("set-deadline \(max(0, seconds))"))
    }

    /// Tries once, and not for long, because someone is waiting.
    public func tell(_ people: BuilderPeople, left: Int?) async throws -> Bool {
        try await admit(people.lines(left: left))
    }

    /// - Parameter lines: of an authorized_keys file, none of them empty. `#left SECONDS` becomes `#until UPTIME`.
    /// - Returns: whether the builder has the script that this needs.
    func admit(_ lines: [String]) async throws(BuilderError) -> Bool {
        do throws(BuilderError) {
            try await peopleKeys.admit(lines)
            return true
        } catch  where error.code == .helperMissing {
            guard let bringScripts else { return false }
            do {
                try await bringScripts(self)
            } catch {
                throw error as? BuilderError ?? BuilderError(.commandFailed, detail: "\(error)")
            }
            try await peopleKeys.admit(lines)
            return true
        }
    }
}

// MARK: A task's output

extension SSHTaskChannel {
    public func follow(
        task name: String, from offset: Int, _ receive: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> TaskOutcome {
        var offset = offset
        var attempts = 0
        while true {
            let before = offset
            do {
                return try await followOnce(task: name, from: offset) { bytes in
                    try await receive(bytes)
                    offset += bytes.count
                }
            } catch {
                attempts = offset > before ? 1 : attempts + 1
                guard error.code == .connectionLost, attempts <= 5 else { throw error }
                try await Task.sleep(for: .milliseconds(200 * attempts))
            }
        }
    }

    /// Passes on the task's output from byte `offset` on, as it is written, until the task has ended.
    ///
    /// Returns how the task ended. Throws `connectionLost` when the connection
    /// breaks: call it again with the number of bytes that have arrived, and nothing is lost or repeated.
    /// An error from `receive` ends it with `receiverFailed`, cancellation with `cancelled`.
    func followOnce(
        task name: String, from offset: Int, _ receive: ([UInt8]) async throws -> Void
    ) async throws(BuilderError) -> TaskOutcome {
        try Workload.checkTaskName(name)
        let (status, messages) = try await stream(script("task-follow \(name) \(max(0, offset))"), receive)
        return try Self.outcome(status, messages: messages)
    }

    /// Passes on what a command line prints there, as it is printed, to its end.
    ///
    /// - Throws: as ``followOnce(task:from:_:)``.
    /// - Returns: its exit status, or nil if ssh was killed; and what it has written to standard error.
    func stream(
        _ command: String, _ receive: ([UInt8]) async throws -> Void
    ) async throws(BuilderError) -> (status: Int32?, messages: String) {
        var failure: (any Error)?
        do {
            let result = try await Subprocess.run(
                .name(SecureShell.program), arguments: Arguments(shell.arguments(command)),
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
            guard !Task.isCancelled else { throw BuilderError(.cancelled) }
            return switch result.terminationStatus {
            case .exited(let code): (code, result.standardError)
            case .signaled: (nil, "ssh was killed. \(result.standardError)")
            }
        } catch let error as BuilderError {
            throw error
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw BuilderError(.programMissing, detail: SecureShell.program)
        } catch {
            if error is CancellationError || Task.isCancelled { throw BuilderError(.cancelled) }
            if let failure { throw BuilderError(.receiverFailed, detail: "\(failure)") }
            throw BuilderError(.connectionLost, detail: "\(error)")
        }
    }

    /// What task-follow says before the exit status.
    private static let shortages: [Substring: Job.Task.Shortage] = [
        "sallyport-disk-full": .disk, "sallyport-out-of-memory": .memory,
    ]

    /// The task's exit status is the last line that task-follow writes to standard error.
    private static func outcome(
        _ status: Int32?, messages: String
    ) throws(BuilderError) -> TaskOutcome {
        switch status {
        case 0?:
            let mark = "sallyport-exit-status "
            let lines = messages.split(whereSeparator: \.isNewline)
            let line = lines.last { $0.hasPrefix(mark) }
            guard let line, let number = Int(line.dropFirst(mark.count)) else {
                throw BuilderError(.connectionLost, detail: messages)
            }
            return TaskOutcome(
                exitStatus: number, shortages: Set(shortages.filter { lines.contains($0.key) }.values),
                completesBuild: number == 0 && lines.contains("sallyport-complete-build"))
        default: throw SecureShell.error(status: status, messages: messages)
        }
    }
}
