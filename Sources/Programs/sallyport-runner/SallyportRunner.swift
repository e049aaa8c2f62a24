import ArgumentParser
import Version

/// The build service that comes with Sallyport.
@main
struct SallyportRunner: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sallyport-runner", abstract: "The build service that comes with Sallyport.",
        version: "sallyport-runner \(Version.text)",
        subcommands: [Serve.self, Drain.self])
}
