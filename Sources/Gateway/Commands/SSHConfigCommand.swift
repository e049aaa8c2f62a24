import BuildAPI
import CommandGrammar
import ConfigurationFile
import Policy
import ServiceClient

/// `ssh-config`: prints lines for a client's ssh_config, with which it finds builders.
struct SSHConfigCommand: JobCommand, PersonalCommand {
    static let manual = Manual(
        name: "ssh-config", synopsis: "ssh-config [options]",
        summary: "print lines for ssh_config, to reach builders as job-42.HOST",
        details: """
            --suffix S  builders are called job-42.S, not job-42.HOST
            --bare      builders are called job-42
            --job N     for one job's builder, for programs that do not show wildcards
            --host H    the gateway's name, if not the configured one
            --windows   for the ssh that comes with Windows
            """)
    static let syntax = Syntax(
        flags: WantedNames.flags.union(["--windows"]), values: WantedNames.values.union(["--job", "--host"]))
    static let action = Action.enter

    /// Nil: one stanza for the builders of all jobs.
    let job: JobID?
    let names: WantedNames
    /// The name by which the client reaches this gateway; nil: the configured one.
    let host: String?
    /// For the ssh that comes with Windows.
    let windows: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        job = try arguments.job("--job")
        names = try WantedNames(arguments)
        host = try arguments.host("--host")
        windows = arguments.has("--windows")
    }

    func run(for principal: Principal, in context: SessionContext) -> (any RunningCommand)? {
        context.answerWithHostAuthority { (authority) throws(Refusal) in
            let stanza = try stanza(user: authority.user, context)
            try authority.requireCertificates(for: stanza.names)
            return stanza.text
        }
        return nil
    }

    func run(_ permit: Permit, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        guard let builder = permit.job.builder else { throw .noBuilder(permit.job) }
        context.answer(try stanza(user: try checkedUser(builder.user), context).text)
        return nil
    }

    private func stanza(user: String, _ context: SessionContext) throws(Refusal) -> ClientStanza {
        guard let gateway = host ?? context.publicName else { throw .noPublicHost(.host) }
        let names = try names.resolved(context.publicName, usual: gateway)
        let option = names.option(unless: context.publicName)
        var request = (stanza: "ssh-config\(option)", knownHosts: "known-hosts\(option)")
        if let host { request.stanza += " --host \(host)" }
        if let job {
            request.stanza += " --job \(job)"
            request.knownHosts += " \(job)"
        }
        if windows { request.stanza += " --windows" }
        return ClientStanza(
            job: job, names: names, user: user, gateway: "\(context.environment.account)@\(gateway)",
            port: context.configuration.gateway.publicPort, windows: windows, request: request)
    }
}
