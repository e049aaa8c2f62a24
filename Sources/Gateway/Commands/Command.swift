import BuildAPI
import CommandGrammar
import Policy

/// What people can ask for: one type for each verb, which says how it is entered, what `help` says of it, what the policy
/// decides about it, what it does, and what a signal does to it.
///
/// A new verb is a new file in this folder and a line in ``Verbs``.
protocol Command: Sendable {
    static var manual: Manual { get }
    /// The options; none, unless it says so.
    static var syntax: Syntax { get }
    /// Takes from the words what it understands; what it leaves is refused.
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
    /// - Returns: what goes on, if something does that a signal would end in another way than everything else.
    func run(_ permit: Permit, in context: SessionContext) throws(Refusal) -> (any RunningCommand)?
}

/// A command about the person who asks, which everybody may use whose key is known.
protocol PersonalCommand: Command {
    func run(for principal: Principal, in context: SessionContext) throws(Refusal) -> (any RunningCommand)?
}

/// A command that goes on until it ends the session; it is kept until then.
protocol RunningCommand: AnyObject {
    var context: SessionContext { get }
    /// Somebody wants the session to end.
    func interrupted(by signal: CInt)
    /// The client's window has another size.
    func windowChanged()
}

extension RunningCommand {
    func interrupted(by signal: CInt) { context.finish(.signal(signal)) }
    func windowChanged() {}
}

/// A command that this person may run.
enum AuthorizedCommand {
    case personal(any PersonalCommand, Principal)
    case job(any JobCommand, Permit)

    func start(in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        switch self {
        case .personal(let command, let principal): try command.run(for: principal, in: context)
        case .job(let command, let permit): try command.run(permit, in: context)
        }
    }
}
