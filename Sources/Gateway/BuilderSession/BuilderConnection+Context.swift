import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import Glibc
import SSHClient
import ServiceClient

/// The gateway's own connections to builders: with which credentials, and to which host keys.
extension SessionContext {
    /// A connection of the gateway's own to a job's builder, not started.
    ///
    /// - Parameter isAttached: whether the builder is a machine that has dialled this gateway.
    func builderConnection(
        to builder: Job.Builder, of job: JobID, isAttached: Bool = false,
        _ handler: @escaping (BuilderConnection.Event) -> Void
    ) throws(SSHClientError) -> BuilderConnection {
        var address = BuilderAddress(builder)
        if isAttached { address.greeting = greeting(.program).line }
        return BuilderConnection(
            to: address, credentials: try builderCredentials(),
            acceptsUnknownKey: acceptsUnknownKey(of: job), on: loop, handler)
    }

    /// What this session says to the process of an attached machine.
    func greeting(_ kind: VisitorGreeting.Kind) -> VisitorGreeting {
        VisitorGreeting(session: journal.session, kind: kind)
    }

    /// Builders whose host keys the service does not name accept everyone; for these, the gateway's own key can be
    /// missing.
    private func builderCredentials() throws(SSHClientError) -> BuilderCredentials {
        let path = configuration.builder.identity
        guard service.hostKeyPins != nil else {
            return BuilderCredentials(try BuilderIdentity.read(path))
        }
        guard access(path, F_OK) == 0 else { return BuilderCredentials(orNone: nil) }
        return BuilderCredentials(orNone: .some(try BuilderIdentity.read(path)))
    }

    /// Whether to accept a host key that the service has not named; nil: never.
    private func acceptsUnknownKey(of job: JobID) -> ((String) -> Bool)? {
        service.hostKeyPins.map { pins in
            { key in
                let verdict = pins.compare(key, of: job)
                let words = key.split(separator: " ").map(String.init)
                let shown =
                    (try? PublicKey(type: words[0], base64: words[1]))?.fingerprint ?? "an invalid key"
                let text = "job=\(job) the service gives no host key; the builder shows \(shown)"
                switch verdict {
                case .first:
                    journal.note("\(text), which is pinned from now on")
                    return true
                case .same: return true
                case .other: journal.warn("\(text), but another one is pinned")
                case .failed(let why): journal.warn("\(text), which cannot be pinned: \(why)")
                }
                return false
            }
        }
    }
}

extension BuilderAddress {
    init(_ builder: Job.Builder) {
        self.init(endpoint: builder.endpoint, user: builder.user, hostKeys: builder.hostKeys)
    }
}
