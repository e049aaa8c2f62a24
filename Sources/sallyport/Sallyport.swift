import ArgumentParser
import Version

/// The operator's tool.
@main
struct Sallyport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sallyport", abstract: "Talk to the build service behind a gateway.",
        version: "sallyport \(Version.text)",
        subcommands: [Submit.self, Keys.self, Jobs.self, People.self, Tokens.self, ConformanceCommand.self])
}
