import ArgumentParser
import ConfigurationFile
import Foundation
import Glibc
import Logging
import Presentation
import Runner

/// `serve`: the build service, in the foreground.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve builds until SIGTERM.")

    @Option(help: "The configuration file.") var config = Configuration.defaultPath
    @Flag(help: "End all builders when stopping, instead of leaving them to the next runner.") var ephemeral =
        false

    func run() async {
        await running(config, begin: Runner.obtainIsolation) { configuration, logger in
            try await Runner.serve(configuration, isEphemeral: ephemeral, logger: logger)
        }
    }
}

/// `drain`: ends builders while no runner is serving.
struct Drain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End the builders that a stopped runner has left running.")

    @Option(help: "The configuration file.") var config = Configuration.defaultPath

    func run() async {
        await running(config) { configuration, logger in
            try await Runner.drain(configuration, logger: logger)
        }
    }
}

/// `inspect`: what this host offers to builders, and what will not work. `sallyport check` runs it as the unit runs `serve`.
struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print in JSON what this host offers to builders, and whether the source of people answers."
    )

    @Option(help: "The configuration file.") var config = Configuration.defaultPath

    func run() async {
        await running(config, begin: Runner.obtainIsolation) { configuration, _ in
            print(try HostileText.json(await Runner.inspection(of: configuration)))
        }
    }
}

/// `backup`: copies what the runner keeps, while it works.
struct MakeBackup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract:
            "Copy the database, keys, logs, artifacts and sources into a tar archive, while the runner works."
    )

    @Argument(help: "The archive. A file that is there is replaced when the new one is complete.")
    var file: String
    @Option(help: "The configuration file.") var config = Configuration.defaultPath

    func run() async {
        let path = file.hasPrefix("/") ? file : "\(FileManager.default.currentDirectoryPath)/\(file)"
        await running(config) { configuration, _ in
            let size = try await Backup.make(of: configuration, at: path)
            print("The backup is \(path), \(SpokenSize.words(Int64(size))).")
        }
    }
}

/// Runs a command; a failure is one sentence on stderr and a status from sysexits(3).
///
/// - Parameter begin: runs before anything is opened or changed.
private func running(
    _ path: String, begin: (Configuration) throws -> Void = { _ in },
    _ body: (Configuration, Logger) async throws -> Void
) async {
    signal(SIGPIPE, SIG_IGN)
    var file: FileLog?
    do {
        let configuration = try ConfigurationFile.read(path)
        try begin(configuration)
        // The path of the configuration can be relative; those in it cannot.
        Surroundings.settle()
        file = try configuration.runner.logFile.map { try FileLog($0, program: program) }
        try await body(configuration, logger(with: file))
    } catch let error as ConfigurationError {
        fail(error.description, EX_CONFIG, file)
    } catch let error as RunnerError {
        fail(error.explanation, EX_UNAVAILABLE, file)
    } catch {
        fail("\(error)", EX_SOFTWARE, file)
    }
}

private let program = "sallyport-runner"

/// Writes to stderr, and to the file if there is one.
private func logger(with file: FileLog?) -> Logger {
    let console = StreamLogHandler.standardError(label: program)
    return Logger(label: program) { _ in
        if let file { OneLineLog(MultiplexLogHandler([console, file])) } else { OneLineLog(console) }
    }
}

private func fail(_ sentence: String, _ status: Int32, _ file: FileLog?) -> Never {
    let sentence = OneLineLog.line(sentence)
    if let file { Logger(label: program) { _ in file }.error("\(sentence)") }
    let line = Array("\(program): \(sentence)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
    exit(status)
}
