import ArgumentParser

@main
struct SallyportBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sallyport-bench",
        abstract: "Compares Sallyport with plain ssh and other ways to do the same.",
        subcommands: [Run.self, Serve.self, Scale.self, AllocateSlurm.self], defaultSubcommand: Run.self)
}
