public import Subprocess
import SystemPackage

/// Runs commands with a deadline, and collects their output.
public enum Command {
    /// Runs a command to its end. `forward` receives its output when it arrives.
    public static func run(
        _ arguments: [String], input: [UInt8] = [], environment: Environment = .inherit,
        deadline: Duration = .seconds(30), forward: (@Sendable ([UInt8]) -> Void)? = nil
    ) async throws -> Finished {
        try await start(arguments, environment: environment, deadline: deadline, forward: forward) {
            command in
            // It is not an error if a command ends before it has read everything: its status decides.
            try? await command.write(input)
            try? await command.finishInput()
        }
    }

    /// Runs a command on pipes while `body` talks to it; kills it if `body` throws.
    ///
    /// Its process group is killed when the deadline passes.
    public static func start(
        _ arguments: [String], environment: Environment = .inherit, deadline: Duration = .seconds(30),
        forward: (@Sendable ([UInt8]) -> Void)? = nil,
        body: @Sendable (RunningCommand) async throws -> Void
    ) async throws -> Finished {
        let output = Capture(forward: forward)
        let errors = Capture(forward: forward)
        var options = PlatformOptions()
        options.processGroupID = 0
        let limit = Deadline()
        let clock = limit.start(deadline)
        defer { clock.cancel() }
        let result = try await Subprocess.run(
            executable(arguments), arguments: Arguments(Array(arguments.dropFirst())),
            environment: environment, platformOptions: options,
            input: .inputWriter, output: .sequence, error: .sequence
        ) { execution in
            limit.watch(execution.processIdentifier.value)
            let writer = execution.standardInputWriter
            let command = RunningCommand(
                output: output, errors: errors,
                writing: { _ = try await writer.write($0) },
                finishing: { try await writer.finish() },
                signalling: { try? execution.send(signal: $0) })
            async let outputRead: Void = collect(execution.standardOutput, into: output)
            async let errorsRead: Void = collect(execution.standardError, into: errors)
            do {
                try await body(command)
            } catch {
                limit.endNow()
                _ = try await (outputRead, errorsRead)
                throw error
            }
            _ = try await (outputRead, errorsRead)
        }
        limit.finish()
        return Finished(
            arguments: arguments, status: status(result.terminationStatus), late: limit.passed,
            output: await output.bytes, errors: await errors.bytes)
    }

    /// Runs a command on its own terminal while `body` talks to it; kills it if `body` throws.
    public static func start(
        _ arguments: [String], terminal: PseudoTerminal, environment: Environment = .inherit,
        deadline: Duration = .seconds(30), forward: (@Sendable ([UInt8]) -> Void)? = nil,
        body: @Sendable (RunningCommand) async throws -> Void
    ) async throws -> Finished {
        let output = Capture(forward: forward)
        let errors = Capture()
        await errors.end()
        let limit = Deadline()
        let clock = limit.start(deadline)
        defer { clock.cancel() }
        let theirs = try terminal.programSide()
        let reader = Task {
            // Put cat(1) in between, because libdispatch sometimes crashes when a terminal hangs up.
            _ = try? await Subprocess.run(
                .name("cat"), input: .fileDescriptor(terminal.ours, closeAfterSpawningProcess: false),
                output: .sequence, error: .discarded
            ) { try await collect($0.standardOutput, into: output) }
            await output.end()
        }
        defer {
            terminal.closeTheirs()
            reader.cancel()
        }
        // setsid becomes the command: a signal for the one reaches the other.
        let result = try await Subprocess.run(
            .name("setsid"), arguments: Arguments(["--ctty"] + arguments), environment: environment,
            input: .fileDescriptor(theirs, closeAfterSpawningProcess: false),
            output: .fileDescriptor(theirs, closeAfterSpawningProcess: false),
            error: .fileDescriptor(theirs, closeAfterSpawningProcess: false)
        ) { execution in
            limit.watch(execution.processIdentifier.value)
            // Now only the command has its side open: when it ends, so does its output.
            terminal.closeTheirs()
            let command = RunningCommand(
                output: output, errors: errors,
                writing: { _ = try terminal.ours.writeAll($0) },
                finishing: {},
                signalling: { try? execution.send(signal: $0) })
            do {
                try await body(command)
            } catch {
                limit.endNow()
                throw error
            }
        }
        limit.finish()
        await reader.value
        return Finished(
            arguments: arguments, status: status(result.terminationStatus), late: limit.passed,
            output: await output.bytes, errors: [])
    }

    private static func collect(_ pieces: SubprocessOutputSequence, into capture: Capture) async throws {
        do {
            for try await piece in pieces { await capture.append(piece.withUnsafeBytes { Array($0) }) }
        } catch {
            await capture.end()
            throw error
        }
        await capture.end()
    }

    static func executable(_ arguments: [String]) -> Executable {
        arguments[0].contains("/") ? .path(FilePath(arguments[0])) : .name(arguments[0])
    }

    static func status(_ status: TerminationStatus) -> Int32 {
        switch status {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }
}
