public import Provider
public import SystemPackage

/// The certificate for each of a machine's host keys (ssh-keygen(1), CERTIFICATES).
public struct HostCertificate: Sendable, Hashable {
    /// The file with the private key of the signing authority.
    public var authority: FilePath
    /// The machine's name in the logs of programs that see the certificate.
    public var identity: String
    /// Exactly the names by which the machine is reached. Never empty, which some clients take for every name.
    public var names: [String]
    /// How many seconds it is valid from now. It is also valid for the hour before now, because clocks differ.
    public var life: Int

    /// ssh-keygen understands no more seconds.
    private static let longestLife = Int(Int32.max)

    public init(authority: FilePath, identity: String, names: [String], life: Int) {
        precondition(!names.isEmpty, "a host certificate without names")
        self.authority = authority
        self.identity = identity
        self.names = names
        self.life = life
    }

    /// Signs the public key in each file `NAME.pub`; writes the certificate to `NAME-cert.pub` next to it.
    public func sign(_ publicKeys: [FilePath]) async throws(BuilderError) {
        let outcome = try await ShortCommand(
            program: KeyGeneration.program,
            arguments: [
                "-q", "-s", authority.string, "-h", "-I", identity, "-n", names.joined(separator: ","),
                "-V", "-1h:+\(min(life, Self.longestLife))s",
            ] + publicKeys.map(\.string)
        ).run()
        guard outcome.status == 0 else {
            throw BuilderError(ofProgram: "\(KeyGeneration.program): \(outcome.output) \(outcome.errors)")
        }
    }
}
