import BuildAPI
import CommandGrammar
import Policy
import ServiceClient

/// `proxy`: connects standard input and output to the SSH server of the job's builder, for ssh's ProxyCommand.
struct ProxyCommand: EnteringCommand {
    static let manual = Manual(
        name: "proxy", synopsis: "proxy <job>",
        summary: "connect your own ssh, scp, rsync or editor to the builder",
        details: """
            For ssh's ProxyCommand; ssh-config prints the lines that use it. While the connection
            lasts, the builder accepts your key. It waits 13 seconds for a builder that is booting.
            """)
    static let syntax = Syntax(texts: ["--reason"])
    static let action = Action.enter

    /// How long it waits for a builder. Editors give ssh 15 seconds to connect, including the login on the gateway.
    private static let builderTimeout = Duration.seconds(13)

    let job: JobID?
    /// A program that speaks SSH cannot wait for the end of the tasks.
    let now = true
    /// Whether the job was named by a builder's host name, as lines for all jobs do. Lines for one job name just that.
    let isOfAllJobs: Bool
    let reason: String?

    init(_ arguments: inout Arguments) throws(UsageError) {
        reason = arguments.reason
        let word = try arguments.word(.job)
        job = try JobID(written: word)
        isOfAllJobs = word.contains(".")
    }

    func requireWay(_ permit: Permit, in context: SessionContext) throws(Refusal) {
        guard !context.environment.hasTerminal else { throw .proxyWithTerminal }
        try requireReason(permit, in: context)
        try context.requireRecordable(permit.job, isProxy: true)
        try context.requireHere(permit.job)
        let job = permit.job.id
        if let pins = context.service.hostKeyPins, pins.pin(of: job) == nil {
            throw .unpinnedBuilder(job, commandLine: context.commandLine("connect \(job) true"))
        }
        if isOfAllJobs, permit.job.builder?.certified == false {
            throw .uncertifiedBuilder(job, commandLine: context.commandLine("ssh-config --job \(job)"))
        }
    }

    func run(_ permit: Permit, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        try requireWay(permit, in: context)
        if isOfAllJobs { sayWhomToLogInAs(permit.job, in: context) }
        let session = BuilderSession(
            permit, over: ProxyTransport(permit, in: context), now: now, builderTimeout: Self.builderTimeout,
            reason: reason, in: context)
        session.start()
        return session
    }

    /// Lines for all jobs have one user name, and on machines from elsewhere it can be another one.
    private func sayWhomToLogInAs(_ job: Job, in context: SessionContext) {
        guard job.pool != nil, job.builder != nil else { return }
        context.service.hostAuthority { answer in
            guard let user = SessionContext.otherUser(on: job.builder, answer) else { return }
            context.say(
                "Log in to this machine as \(user): \(context.ownSSH(for: job, as: user, alone: false).line)")
        }
    }
}
