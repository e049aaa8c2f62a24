import BuildAPI
import CommandGrammar
import Policy

/// `attach-log`: the log of an attached machine's command, on standard input.
struct AttachLogCommand: Command, PairingCommand {
    static let manual = Manual(
        name: "attach-log", synopsis: "attach-log <job>",
        summary: "for sallyport-attach: send the log of the machine's command",
        details: """
            Nobody types this. It takes the key that has attached the machine.
            """)

    /// Not `job`: the policy decides about the key, which has attached it, or has not.
    let attachedJob: JobID
    let isPart = true

    init(_ arguments: inout Arguments) throws(UsageError) {
        attachedJob = try arguments.job()
    }

    func run(for principal: Principal, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        try StreamHandover.begin(AttachedJob.logSocket(of: attachedJob, for: context), in: context)
    }

    /// A key that everybody can have says nothing about whose log it is.
    func run(as denial: Denial, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        guard case .unknownKey = denial else { throw .denied(denial) }
        return try StreamHandover.begin(
            AttachedJob.logSocket(of: attachedJob, for: context), stranger: .denied(denial), in: context)
    }
}
