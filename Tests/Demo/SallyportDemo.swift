import ArgumentParser
import World

@main
struct SallyportDemo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sallyport-demo",
        abstract: "Shows Sallyport at work on this machine, and leaves nothing behind.",
        subcommands: [Show.self, ServeWorld.self], defaultSubcommand: Show.self)
}

/// The helper that owns a test bed; only `World` starts it.
struct ServeWorld: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "world", shouldDisplay: false)

    @Argument var settings: String
    @Argument var process: Int32

    func run() async {
        await Helper.serve(settings: settings, process: process)
    }
}
