import BuildAPI
import CommandGrammar
import Policy
import ServiceClient

/// `known-hosts`: prints lines for a client's known_hosts, with which it recognises builders.
struct KnownHostsCommand: JobCommand, PersonalCommand {
    static let manual = Manual(
        name: "known-hosts", synopsis: "known-hosts [options] [job]",
        summary: "print lines for known_hosts, to recognise builders",
        details: """
            One line for all builders; with a job, the plain keys of its builder, for clients that do not
            support certificates.
            --suffix S  builders are called job-42.S
            --bare      builders are called job-42
            """)
    static let syntax = Syntax(flags: WantedNames.flags, values: WantedNames.values)
    static let action = Action.enter

    /// Nil: one line for the builders of all jobs.
    let job: JobID?
    let names: WantedNames

    init(_ arguments: inout Arguments) throws(UsageError) {
        job = try arguments.optionalJob()
        names = try WantedNames(arguments)
    }

    func run(for principal: Principal, in context: SessionContext) -> (any RunningCommand)? {
        context.answerWithHostAuthority { (authority) throws(Refusal) in
            let names = try names.resolved(context.publicName)
            try authority.requireCertificates(for: names)
            return KnownHostsLines.certified(by: authority.key, names)
        }
        return nil
    }

    func run(_ permit: Permit, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        let job = permit.job
        guard let builder = job.builder else { throw .noBuilder(job) }
        let keys = try context.hostKeys(of: builder, job.id)
        context.answer(KnownHostsLines.keys(keys, of: job.id, try names.resolved(context.publicName)))
        return nil
    }
}
