import ArgumentParser
import ConfigurationFile
import Glibc
import Logging
import Runner

/// `serve`: the build service, in the foreground.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve builds until SIGTERM.")

    @Option(help: "The configuration file.") var config = Configuration.defaultPath
    @Flag(help: "End all builders when stopping, instead of leaving them to the next runner.") var ephemeral =
        false

    func run() async {
        raiseDescriptorLimit()
        await reporting { logger in
            let configuration = try ConfigurationFile.read(config)
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
        await reporting { logger in
            try await Runner.drain(try ConfigurationFile.read(config), logger: logger)
        }
    }
}

/// With two descriptors per follower of a log, there are soon more than 1024, the usual limit because of select(2).
private func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, 1 << 16)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// Runs a command; a failure is one sentence on stderr and a status from sysexits(3).
private func reporting(_ body: (Logger) async throws -> Void) async {
    signal(SIGPIPE, SIG_IGN)
    LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
    do {
        try await body(Logger(label: "sallyport-runner"))
    } catch let error as ConfigurationError {
        fail(error.description, EX_CONFIG)
    } catch let error as RunnerError {
        fail(error.explanation, EX_UNAVAILABLE)
    } catch {
        fail("\(error)", EX_SOFTWARE)
    }
}

private func fail(_ sentence: String, _ status: Int32) -> Never {
    let line = Array("sallyport-runner: \(sentence)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
    exit(status)
}
