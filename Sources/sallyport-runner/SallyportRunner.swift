import ArgumentParser
import Version

/// The embedded build service.
@main
struct SallyportRunner: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sallyport-runner", abstract: "The embedded build service of Sallyport.",
        version: "sallyport-runner \(Version.text)",
        subcommands: [Serve.self, Drain.self])
}
