import BuildAPI
import CommandGrammar
import Policy
import ShownLogs

/// `tail`: shows the job's logs until it ends.
struct TailCommand: JobCommand {
    static let manual = Manual(
        name: "tail", aliases: ["log", "logs", "follow"], synopsis: "tail [-n N] [--raw] [job]",
        summary: "show the job's logs until it ends",
        details: """
            From the beginning. Exit status 0: the job succeeded; 1: it did not.
            -n N   only the last N lines of what there is, and then what follows
            --raw  pass every byte; otherwise escape sequences other than colours are dropped
            """)
    /// People are used to `-f`, which changes nothing here, and to `--since`, which is refused with what to do instead.
    static let syntax = Syntax(flags: ["--raw", "-f"], values: ["-n", "--since"])
    static let action = Action.look

    let job: JobID?
    /// Pass escape sequences unfiltered.
    let raw: Bool
    /// How many lines of what there is; nil: all.
    let lines: Int?

    init(_ arguments: inout Arguments) throws(UsageError) {
        if arguments.has("--since") { throw UsageError(.noTimes, word: "--since") }
        job = try arguments.optionalJob()
        raw = arguments.has("--raw")
        lines = try arguments.count("-n", in: 0...LastLinesSearch.mostLines)
    }

    func run(_ permit: Permit, in context: SessionContext) -> (any RunningCommand)? {
        let session = LogSession(permit, raw: raw, lines: lines, in: context)
        session.start()
        return session
    }
}
