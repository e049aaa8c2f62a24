import ArgumentParser
import BuilderSocket
import Version

@main
enum Program {
    /// On the main thread, before there is another one: a builder's socket needs no runtime.
    @MainActor static func main() async {
        if let command = SocketCommand(words: Array(CommandLine.arguments.dropFirst())) { command.run() }
        await SallyportRunner.main()
    }
}

/// The build service that comes with Sallyport.
struct SallyportRunner: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sallyport-runner", abstract: "The build service that comes with Sallyport.",
        version: "sallyport-runner \(Version.text)",
        subcommands: [Serve.self, Drain.self, MakeBackup.self, Inspect.self])
}
