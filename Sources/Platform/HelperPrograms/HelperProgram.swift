import FoundationEssentials
import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// A program of the administrator's: one text on its standard input, one on its standard output, and what it says
/// meanwhile on standard error. It inherits nothing.
package struct HelperProgram: Sendable {
    /// How it has ended, and what it has written.
    package struct Outcome: Sendable {
        package enum Status: Equatable, Sendable {
            case exited(Int32)
            case signaled(Int32)
        }

        package var status: Status
        package var output: [UInt8]
        /// The end of what it has said.
        package var errors: String

        /// Its last line, and how it has ended: `no power (status 3)`.
        package var lastWords: String {
            let end =
                switch status {
                case .exited(let code): "status \(code)"
                case .signaled(let signal): "signal \(signal)"
                }
            let line = errors.split(whereSeparator: \.isNewline).last
            return line.map { "\($0) (\(end))" } ?? end
        }
    }

    /// Why there is no outcome.
    package enum Failure: Error, Equatable, CustomStringConvertible {
        case noAnswer(within: Duration)
        case cancelled
        /// It could not be run, or has written too much.
        case failed(String)

        package var description: String {
            switch self {
            case .noAnswer(let limit): "no answer within \(limit)"
            case .cancelled: "cancelled"
            case .failed(let reason): reason
            }
        }
    }

    /// Where programs are.
    package static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    /// A pipe takes so many bytes without a reader: pipe(7).
    package static let maximumInput = 1 << 16

    /// Its name or path, and its arguments.
    package var words: [String]
    /// In addition to PATH and LC_ALL.
    package var environment: [String: String]
    /// Where it starts; nil: where this process is.
    package var folder: String?
    /// The most bytes that it can write.
    package var outputLimit: Int
    /// Then it is ended, with its process group.
    package var limit: Duration
    /// How long it has between SIGTERM and SIGKILL when it is ended; zero: it is killed at once.
    package var grace: Duration
    /// Whether it is killed when this process ends, however it ends.
    package var endsWithUs: Bool

    package init(
        words: [String], environment: [String: String] = [:], folder: String? = nil, outputLimit: Int,
        limit: Duration, grace: Duration = .zero, endsWithUs: Bool = false
    ) {
        self.words = words
        self.environment = environment
        self.folder = folder
        self.outputLimit = outputLimit
        self.limit = limit
        self.grace = grace
        self.endsWithUs = endsWithUs
    }

    /// Runs it to its end. If the caller is cancelled, it is ended.
    ///
    /// - Parameters:
    ///   - input: no more than ``maximumInput``. A program that does not read it does no harm.
    ///   - said: gets each line of standard error as soon as it is complete: see ``SpokenLines``.
    package func run(
        reading input: [UInt8], _ said: @escaping @Sendable (String) async -> Void = { _ in }
    ) async throws(Failure) -> Outcome {
        guard input.count <= Self.maximumInput else { throw .failed("an input of \(input.count) bytes") }
        let group = Mutex<pid_t?>(nil)
        defer { if let group = group.withLock({ $0 }) { kill(-group, SIGKILL) } }
        do {
            let outcome = try await within(limit) {
                try await spawn(reading: input, said) { process in group.withLock { $0 = process } }
            }
            if Task.isCancelled { throw Failure.cancelled }
            guard let outcome else { throw Failure.noAnswer(within: limit) }
            group.withLock { $0 = nil }
            return outcome
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Task.isCancelled ? .cancelled : .failed("\(error)")
        }
    }

    private func spawn(
        reading input: [UInt8], _ said: @escaping @Sendable (String) async -> Void,
        _ started: @escaping @Sendable (pid_t) -> Void
    ) async throws -> Outcome {
        var options = PlatformOptions()
        // A process group of its own, and no terminal.
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: grace),
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero),
        ]
        if grace == .zero { options.teardownSequence.removeFirst() }
        let words = endsWithUs ? Self.endingWithUs(self.words) : self.words
        let program: Executable =
            words[0].contains("/") ? .path(FilePath(words[0])) : .name(words[0])
        let pipe = try Self.pipe(holding: input)
        let result = try await Subprocess.run(
            program, arguments: Arguments(Array(words.dropFirst())),
            environment: .custom(
                ["PATH": Self.path, "LC_ALL": "C"].merging(Self.keyed(environment)) { $1 }),
            workingDirectory: folder.map { FilePath($0) }, platformOptions: options,
            input: .fileDescriptor(pipe, closeAfterSpawningProcess: true),
            output: .bytes(limit: outputLimit), error: .sequence
        ) { execution in
            started(execution.processIdentifier.value)
            var lines = SpokenLines()
            for try await piece in execution.standardError {
                for line in lines.append(piece.withUnsafeBytes { Array($0) }) { await said(line) }
            }
            for line in lines.finish() { await said(line) }
            return lines.tail
        }
        let status: Outcome.Status =
            switch result.terminationStatus {
            case .exited(let code): .exited(code)
            case .signaled(let signal): .signaled(signal)
            }
        return Outcome(status: status, output: result.standardOutput, errors: result.closureResult)
    }

    private static func keyed(_ variables: [String: String]) -> [Environment.Key: String] {
        Dictionary(uniqueKeysWithValues: variables.map { (Environment.Key(stringLiteral: $0.key), $0.value) })
    }

    /// The same program, with PR_SET_PDEATHSIG (prctl(2)). The parent, for the kernel, is the thread that starts programs
    /// here; it lives as long as this process. If that has ended before the signal was set, nothing is run: sh(1) sets PPID
    /// after that.
    package static func endingWithUs(_ words: [String]) -> [String] {
        [
            "setpriv", "--pdeathsig", "KILL", "--", "/bin/sh", "-c",
            #"[ "$PPID" = "$1" ] || exit 75; shift; exec "$@""#, "sh", "\(getpid())",
        ] + words
    }

    private static func pipe(holding bytes: [UInt8]) throws -> FileDescriptor {
        let (input, output) = try FileDescriptor.pipe()
        // Another program that starts meanwhile must not keep it open.
        for end in [input, output] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        return try output.closeAfter {
            do {
                try output.writeAll(bytes)
                return input
            } catch {
                try? input.close()
                throw error
            }
        }
    }
}
