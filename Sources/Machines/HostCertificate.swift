public import SystemPackage

/// What a machine's host key is to be certified for (ssh-keygen(1), CERTIFICATES).
public struct HostCertificate: Sendable, Hashable {
    /// The file with the private key of the authority that signs.
    public var authority: FilePath
    /// What the machine is called in the logs of those who see the certificate.
    public var identity: String
    /// Exactly the names under which the machine is reached. Never none: some clients take that for every name.
    public var names: [String]
    /// Seconds from now for which it holds; it holds for an hour before now too, for clocks differ.
    public var life: Int

    public init(authority: FilePath, identity: String, names: [String], life: Int) {
        precondition(!names.isEmpty, "a host certificate without names")
        self.authority = authority
        self.identity = identity
        self.names = names
        self.life = life
    }

    /// Signs the public key in the file `NAME.pub`; the certificate becomes `NAME-cert.pub` beside it.
    public func sign(_ publicKey: FilePath) async throws(MachineError) {
        let outcome = try await ShortCommand(
            program: "ssh-keygen",
            arguments: [
                "-q", "-s", authority.string, "-h", "-I", identity, "-n", names.joined(separator: ","),
                "-V", "-1h:+\(life)s", publicKey.string,
            ]
        ).run()
        guard outcome.status == 0 else {
            throw Machine.failure("ssh-keygen: \(outcome.output) \(outcome.errors)")
        }
    }
}
