import BuildAPI
import CommandGrammar
import ConfigurationFile
import Policy
import Presentation
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
            --install   print a script for sh instead, which installs or updates these lines
            --check     the same: it says whether they are installed and current
            --remove    the same: it removes them
            The line that runs the script is at its top.
            """)
    static let syntax = Syntax(
        flags: WantedNames.flags.union(["--windows"]).union(SetUpScript.Action.allCases.map(\.option)),
        values: WantedNames.values.union(["--job", "--host"]))
    static let action = Action.enter

    /// The job whose builder has to be there; nil: none.
    let job: JobID?
    /// The job that the stanza is for; nil: for the builders of all jobs.
    let stanzaJob: JobID?
    let names: WantedNames
    /// The name by which the client reaches this gateway; nil: the configured one.
    let host: String?
    /// For the ssh that comes with Windows.
    let windows: Bool
    /// Nil: the answer is the stanza itself.
    let script: SetUpScript.Action?

    init(_ arguments: inout Arguments) throws(UsageError) {
        stanzaJob = try arguments.job("--job")
        names = try WantedNames(arguments)
        host = try arguments.host("--host")
        windows = arguments.has("--windows")
        for action in SetUpScript.Action.allCases {
            // The script is for sh.
            try arguments.exclude(action.option, with: "--windows")
            for other in SetUpScript.Action.allCases where other != action {
                try arguments.exclude(action.option, with: other.option)
            }
        }
        script = SetUpScript.Action.allCases.first { arguments.has($0.option) }
        // A job's lines are removed when its builder is gone, if not later.
        job = script == .remove ? nil : stanzaJob
    }

    func run(for principal: Principal, in context: SessionContext) -> (any RunningCommand)? {
        if script == .remove {
            do throws(Refusal) {
                context.answer(
                    SetUpScript(action: .remove, stanza: try stanza(user: "", context), knownHosts: "").text)
            } catch {
                context.refuse(error)
            }
            return nil
        }
        context.answerWithHostAuthority { (authority) throws(Refusal) in
            let stanza = try stanza(user: authority.user, context)
            try authority.requireCertificates(for: stanza.names)
            return text(stanza, KnownHostsLines.certified(by: authority.key, stanza.names))
        }
        return nil
    }

    func run(_ permit: Permit, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        guard let builder = permit.job.builder else { throw .noBuilder(permit.job) }
        let stanza = try stanza(user: try checkedUser(builder.user), context)
        guard script != nil else {
            context.answer(stanza.text)
            return nil
        }
        let keys = try context.hostKeys(of: builder, permit.job.id)
        context.answer(text(stanza, KnownHostsLines.keys(keys, of: permit.job.id, stanza.names)))
        return nil
    }

    private func text(_ stanza: ClientStanza, _ knownHosts: String) -> String {
        script.map { SetUpScript(action: $0, stanza: stanza, knownHosts: knownHosts).text } ?? stanza.text
    }

    private func stanza(user: String, _ context: SessionContext) throws(Refusal) -> ClientStanza {
        guard let gateway = host ?? context.publicName else { throw .noPublicHost(.host) }
        let names = try names.resolved(context.publicName, usual: gateway)
        let option = names.option(unless: context.publicName)
        var request = (stanza: "ssh-config\(option)", knownHosts: "known-hosts\(option)")
        if let host { request.stanza += " --host \(host)" }
        if let stanzaJob {
            request.stanza += " --job \(stanzaJob)"
            request.knownHosts += " \(stanzaJob)"
        }
        if windows { request.stanza += " --windows" }
        let line = GatewayCommandLine(
            account: context.environment.account, host: gateway,
            port: context.configuration.gateway.publicPort)
        return ClientStanza(
            job: stanzaJob, names: names, user: user, ssh: BytesOnlySSH(plain: line, windows: windows),
            request: request)
    }
}
