import ArgumentParser

/// The embedded build service.
@main
struct SallyportRunner: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sallyport-runner", abstract: "The embedded build service of Sallyport.",
        subcommands: [Serve.self, Drain.self])
}
