import ArgumentParser
import TestBed

@main
struct SallyportDemo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sallyport-demo",
        abstract: "Shows Sallyport at work on this machine, and leaves nothing behind.",
        subcommands: [Show.self, ServeTestBed.self], defaultSubcommand: Show.self)
}

/// The helper that owns a test bed; only `TestBed` starts it.
struct ServeTestBed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "test-bed", shouldDisplay: false)

    @Argument var settings: String
    @Argument var process: Int32

    func run() async {
        await Helper.serve(settings: settings, process: process)
    }
}
