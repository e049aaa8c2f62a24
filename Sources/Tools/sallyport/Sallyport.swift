import ArgumentParser
import Version

/// The operator's tool.
@main
struct Sallyport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sallyport", abstract: "Manage the build service of a gateway.",
        version: "sallyport \(Version.text)",
        subcommands: [
            Submit.self, Jobs.self, Show.self, Tail.self, Extend.self, Release.self, Cancel.self,
            Sessions.self, EndSession.self, Keys.self, People.self, Tokens.self, Allocations.self, Hosts.self,
            CheckCommand.self, Explain.self, AuditCommand.self, MetricsCommand.self, ConformanceCommand.self,
        ])
}
