import BuildAPI
import CommandGrammar
import Policy

/// `tail`: shows the job's logs until it ends.
struct TailCommand: JobCommand {
    static let manual = Manual(
        name: "tail", aliases: ["log", "logs", "follow"], synopsis: "tail [--raw] [job]",
        summary: "show the job's logs until it ends",
        details: """
            From the beginning. Exit status 0: the job succeeded; 1: it did not.
            Escape sequences other than colours are dropped; --raw passes every byte.
            """)
    static let syntax = Syntax(flags: ["--raw"])
    static let action = Action.look

    let job: JobID?
    /// Pass escape sequences unfiltered.
    let raw: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        job = try arguments.optionalJob()
        raw = arguments.has("--raw")
    }

    func run(_ permit: Permit, in context: SessionContext) -> (any RunningCommand)? {
        let session = LogSession(permit, raw: raw, in: context)
        session.start()
        return session
    }
}
