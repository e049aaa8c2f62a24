import BuildAPI
import CommandGrammar
import ConfigurationFile
import Policy
import Presentation

/// What people can run: one type for each verb, with its syntax, its help, the action that the policy decides
/// about, what it does, and what a signal does to it.
///
/// A new verb is a new file in this folder and a line in ``Verbs``.
protocol Command: Sendable {
    static var manual: Manual { get }
    /// The options; by default none.
    static var syntax: Syntax { get }
    /// Takes the words that it understands; the others are refused.
    init(_ arguments: inout Arguments) throws(UsageError)
}

extension Command {
    static var syntax: Syntax { Syntax() }
}

/// A command about one job, which the policy decides about.
protocol JobCommand: Command {
    static var action: Action { get }
    /// Nil: the person's only live one.
    var job: JobID? { get }
    /// - Returns: what continues, if it has its own way to end on a signal.
    func run(_ permit: Permit, in context: SessionContext) throws(Refusal) -> (any RunningCommand)?
}

/// A command that enters the job's builder.
protocol EnteringCommand: JobCommand {
    /// Whether it goes in while tasks are running.
    var now: Bool { get }
    /// Why an administrator enters somebody else's builder; nil: they have not said it.
    var reason: String? { get }
    /// What no state of the job changes. Throws what keeps this person, or everybody, from entering in this way.
    func requireWay(_ permit: Permit, in context: SessionContext) throws(Refusal)
}

extension Arguments {
    /// Why an administrator enters somebody else's builder; nil: nothing that can be read.
    var reason: String? {
        let text = value(of: "--reason") ?? ""
        let isReadable = text.unicodeScalars.contains { !$0.isInvisible && !$0.properties.isWhitespace }
        return isReadable ? text : nil
    }
}

extension EnteringCommand {
    /// Throws if the administrator has to say why they enter, and has not.
    func requireReason(_ permit: Permit, in context: SessionContext) throws(Refusal) {
        guard permit.standing == .administrator, reason == nil,
            context.configuration.gateway.administratorReason == .required
        else { return }
        throw .reasonMissing(permit.job.id)
    }
}

/// A command about the person who asks. Everyone whose key is known can use it.
protocol PersonalCommand: Sendable {
    func run(for principal: Principal, in context: SessionContext) throws(Refusal) -> (any RunningCommand)?
}

/// A personal command that keys limited to attaching machines open too, and they open no other.
protocol AttachingCommand: PersonalCommand {}

/// An attaching command for machines that are nobody's until somebody adopts them: a key that is nobody's opens it too.
protocol PairingCommand: AttachingCommand {
    /// Whether it brings a stream or the log of a machine that is there, and not a machine.
    var isPart: Bool { get }
    /// - Parameter denial: why the key opens nothing else, and what the person hears if the machine does not pair.
    func run(as denial: Denial, in context: SessionContext) throws(Refusal) -> (any RunningCommand)?
}

/// A command that confirms the key with which the person has logged in, in one of its forms: all that can be done with a
/// pending key.
protocol PendingKeyCommand: Sendable {
    /// Whether it is that form.
    var confirmsKey: Bool { get }
    func confirm(in context: SessionContext) throws(Refusal)
}

/// A command that continues until it ends the session; it is kept until then.
protocol RunningCommand: AnyObject {
    var context: SessionContext { get }
    /// A signal asks the session to end.
    func interrupted(by signal: CInt)
    /// The size of the client's window has changed.
    func windowChanged()
}

extension RunningCommand {
    func interrupted(by signal: CInt) { context.finish(.signal(signal)) }
    func windowChanged() {}
}

/// A command that this person is allowed to run.
enum AuthorizedCommand {
    case personal(any PersonalCommand, Principal)
    case job(any JobCommand, Permit)
    /// The session's key is pending.
    case confirmation(any PendingKeyCommand)
    /// The session's key is nobody's, or stands for nobody.
    case pairing(any PairingCommand, Denial)

    func start(in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        switch self {
        case .personal(let command, let principal): return try command.run(for: principal, in: context)
        case .job(let command, let permit): return try command.run(permit, in: context)
        case .pairing(let command, let denial): return try command.run(as: denial, in: context)
        case .confirmation(let command):
            try command.confirm(in: context)
            return nil
        }
    }
}
