import ArgumentParser
import ConfigurationFile
import Logging
import Runner

/// The real runner, with sshds on loopback as builders; `TestBed` starts it instead of sallyport-runner.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Option var config = Configuration.defaultPath
    @Flag var ephemeral = false

    func run() async throws {
        Surroundings.raiseDescriptorLimit()
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        let configuration = try ConfigurationFile.read(config)
        try await Runner.serve(
            configuration, isEphemeral: ephemeral, logger: Logger(label: "sallyport-bench")
        ) { folder in
            let provider = LoopbackProvider(
                images: configuration.runner.images, authorizedKeys: configuration.runner.gatewayKeys,
                authority: try await .hostAuthority(in: folder))
            return Pools([.local(provider, configuration.runner)])
        }
    }
}
