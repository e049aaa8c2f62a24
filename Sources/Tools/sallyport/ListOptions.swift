import ArgumentParser

/// How much of a list is wanted.
struct ListOptions: ParsableArguments {
    @Option(help: "Only so many, the first ones; by default all.") var limit: Int?

    func validate() throws {
        guard limit ?? 1 > 0 else { throw ValidationError("--limit must be at least 1.") }
    }
}
