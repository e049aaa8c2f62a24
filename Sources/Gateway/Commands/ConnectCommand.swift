import BuildAPI
import CommandGrammar
import Policy

/// `connect`: a shell on the job's builder, or a command there.
struct ConnectCommand: JobCommand {
    static let manual = Manual(
        name: "connect", aliases: ["ssh", "shell", "exec", "run", "login"],
        synopsis: "connect [--now] [job] [command…]",
        summary: "a shell on the job's machine, or a command there",
        details: """
            Waits for a builder that boots; while tasks run it shows their log and lets you in when they have
            ended. With --now you go in at once. Without a job, your only live one is meant.
            The command goes to the builder as it is; its exit status is ours. For a shell use ssh -t.
            After the last shell logs out the builder ends, unless it is held; a lost connection keeps it.
            """)
    static let syntax = Syntax(flags: ["--now"], endsWithCommand: true)
    static let action = Action.enter

    let job: JobID?
    /// Goes in while tasks still run.
    let now: Bool
    /// Nil for a shell; else never empty, byte for byte as the person wrote it.
    let command: [UInt8]?

    init(_ arguments: inout Arguments) throws(UsageError) {
        now = arguments.has("--now")
        (job, command) = try arguments.jobAndCommand()
    }

    func run(_ permit: Permit, in context: SessionContext) -> (any RunningCommand)? {
        let transport = ProgramTransport(command, permit, in: context)
        let session = BuilderSession(permit, over: transport, now: now, in: context)
        session.start()
        return session
    }
}
