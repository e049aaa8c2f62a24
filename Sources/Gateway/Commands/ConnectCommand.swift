import BuildAPI
import CommandGrammar
import Policy
import Presentation

/// `connect`: a shell on the job's builder, or a command there.
struct ConnectCommand: EnteringCommand {
    static let manual = Manual(
        name: "connect", aliases: ["ssh", "shell", "exec", "run", "login"],
        synopsis: "connect [--now] [job] [command…]",
        summary: "open a shell on the job's machine, or run a command there",
        details: """
            Waits while the builder boots. While tasks run, it shows their log and lets you in when they
            have ended; with --now you go in at once. Without a job, it uses your only live one.
            The command reaches the builder unchanged, and you get its exit status. For a shell use ssh -t.
            A machine that has attached itself cannot use your agent (ssh -A), unless you say --lend-agent.
            An administrator who enters somebody else's machine says why with --reason TEXT, which its
            owner reads; a command after that begins with --.
            After the last session the builder stays for a while; leaving a shell, you can end it at once.
            """)
    static let syntax = Syntax(
        flags: ["--now", "--lend-agent"], texts: ["--reason"], endsWithCommand: true)
    static let action = Action.enter

    let job: JobID?
    /// Goes in while tasks are still running.
    let now: Bool
    /// Lends the person's agent to a machine that has attached itself, too.
    let lendsAgent: Bool
    let reason: String?
    /// Nil for a shell; otherwise not empty, byte for byte as the person wrote it.
    let command: [UInt8]?

    init(_ arguments: inout Arguments) throws(UsageError) {
        now = arguments.has("--now")
        lendsAgent = arguments.has("--lend-agent")
        reason = arguments.reason
        (job, command) = try arguments.jobAndCommand()
    }

    func requireWay(_ permit: Permit, in context: SessionContext) throws(Refusal) {
        try requireReason(permit, in: context)
        try context.requireRecordable(permit.job, isProxy: false)
        try context.requireHere(permit.job)
    }

    func run(_ permit: Permit, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        try requireWay(permit, in: context)
        let transport = ProgramTransport(command, lendsAgent: lendsAgent, permit, in: context)
        if permit.standing.isOwners, context.environment.hasTerminal {
            permit.job.spokenAdministratorEntries.forEach(context.say)
        }
        let session = BuilderSession(permit, over: transport, now: now, reason: reason, in: context)
        session.start()
        return session
    }
}
