import BuildAPI
import ConfigurationFile
import EventLoop
import Policy
import Requests
import ServiceClient

/// The verbs that set people's own ssh up for `proxy`.
extension GatewaySession {
    func knownHosts(names: Request.HostNames) {
        withHostAuthority { [self] (authority) throws(Refusal) in
            let names = try builderNames(names)
            try authority.requireCertificates(for: names)
            return KnownHostsLines.certified(by: authority.key, names)
        }
    }

    func knownHosts(_ permit: Permit, names: Request.HostNames) {
        answer { () throws(Refusal) in
            let job = permit.job
            guard let builder = job.builder else { throw .gone(job) }
            let pin = service.hostKeyPins?.pin(of: job.id)
            return KnownHostsLines.keys(
                try checkedHostKeys(of: builder, job.id, pin: pin), of: job.id, try builderNames(names))
        }
    }

    func sshConfig(_ wanted: Request.ClientConfiguration) {
        withHostAuthority { [self] (authority) throws(Refusal) in
            let stanza = try stanza(wanted, user: authority.user)
            try authority.requireCertificates(for: stanza.names)
            return stanza.text
        }
    }

    func sshConfig(_ permit: Permit, _ wanted: Request.ClientConfiguration) {
        answer { () throws(Refusal) in
            guard let builder = permit.job.builder else { throw .gone(permit.job) }
            return try stanza(wanted, user: try checkedUser(builder.user)).text
        }
    }

    /// How somebody sets their own ssh up; with a job where there is nothing for all of them.
    func setUpLine(for job: String) -> String {
        let host = publicName == nil ? " --bare --host HOST" : ""
        // A service without jobs of people's own has no host authority either.
        return commandLine("ssh-config" + host + (service.selfService == nil ? " --job \(job)" : ""))
    }

    /// How somebody enters a job's builder whose own ssh is set up.
    func ownLine(for job: JobID) -> String { "ssh \(BuilderNames(suffix: publicName).name(of: job))" }

    /// The name in the configuration, where it is one that can stand in a client's.
    private var publicName: String? {
        configuration.gateway.publicHost.flatMap { HostName.isValid($0) ? $0 : nil }
    }

    private func stanza(_ wanted: Request.ClientConfiguration, user: String) throws(Refusal) -> ClientStanza {
        guard let host = wanted.host ?? publicName else {
            throw Refusal(
                .usage,
                "This gateway has no public_host in its configuration: say with --host H how you reach it.",
                cause: "ssh-config without a public_host")
        }
        let names = try builderNames(wanted.names, usual: host)
        let option = names.option(unless: publicName)
        var request = (stanza: "ssh-config\(option)", knownHosts: "known-hosts\(option)")
        if let host = wanted.host { request.stanza += " --host \(host)" }
        if let job = wanted.job {
            request.stanza += " --job \(job)"
            request.knownHosts += " \(job)"
        }
        if wanted.windows { request.stanza += " --windows" }
        return ClientStanza(
            job: wanted.job, names: names, user: user, gateway: "\(environment.account)@\(host)",
            port: configuration.gateway.publicPort, windows: wanted.windows, request: request)
    }

    /// - Parameter usual: the suffix where there is no public name.
    private func builderNames(_ names: Request.HostNames, usual: String? = nil) throws(Refusal)
        -> BuilderNames
    {
        switch names {
        case .bare: return BuilderNames(suffix: nil)
        case .suffix(let wanted):
            guard let suffix = wanted ?? publicName ?? usual else {
                throw Refusal(
                    .usage,
                    "This gateway has no public_host in its configuration: use --suffix S, or --bare.",
                    cause: "known-hosts without a public_host")
            }
            return BuilderNames(suffix: suffix)
        }
    }

    /// What is true of all jobs' builders needs somebody who vouches for all their keys.
    private func withHostAuthority(_ text: @escaping (CheckedHostAuthority) throws(Refusal) -> String) {
        service.hostAuthority { [self] result in
            answer { () throws(Refusal) in
                switch result {
                case .success(let authority?): return try text(try CheckedHostAuthority(authority))
                case .success(nil):
                    throw Refusal(
                        .noBuilder,
                        "Nothing vouches for the host keys of all builders here. For one job's: "
                            + "\(commandLine("ssh-config --job JOB")), and known-hosts JOB.",
                        cause: "no host authority")
                case .failure(let error): throw Self.refusal(for: error)
                }
            }
        }
    }

    private func answer(_ text: () throws(Refusal) -> String) {
        do throws(Refusal) {
            output.write(try text())
            finish(.success)
        } catch {
            refuse(error)
        }
    }
}
