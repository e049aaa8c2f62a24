import AuthorizedKeys
import BuildAPI

/// A host authority that is safe in people's configuration.
struct CheckedHostAuthority {
    let key: PublicKey
    let suffixes: [String]
    let user: String

    init(_ authority: HostAuthority) throws(Refusal) {
        guard let (key, _) = try? PublicKey.parse(line: authority.key), !Certificate.isCertificate(key) else {
            throw .senseless("a host authority whose key is invalid")
        }
        guard authority.suffixes.allSatisfy(HostName.isValid) else {
            throw .senseless("a host authority with invalid names")
        }
        self.key = key
        suffixes = authority.suffixes.map { $0.lowercased() }
        user = try checkedUser(authority.user)
    }

    /// Every certificate contains the builders' bare names.
    func requireCertificates(for names: BuilderNames) throws(Refusal) {
        guard let suffix = names.suffix, !suffixes.contains(suffix) else { return }
        let others = (suffixes.prefix(8).map { "--suffix \($0)" } + ["--bare"]).joined(separator: ", or ")
        throw .uncertifiedNames(names, alternatives: others)
    }
}

/// The host keys of a job's builder.
///
/// - Parameter pin: the key that the builder showed first, for a service that names none.
func checkedHostKeys(of builder: Job.Builder, _ job: JobID, pin: String?) throws(Refusal) -> [PublicKey] {
    let lines = builder.hostKeys.isEmpty ? [pin].compactMap(\.self) : builder.hostKeys
    let keys = lines.compactMap { try? PublicKey.parse(line: $0).key }
    guard keys.count == lines.count, !keys.contains(where: Certificate.isCertificate) else {
        throw .senseless("invalid host keys for the builder of job \(job)")
    }
    guard !keys.isEmpty else {
        throw .unknownHostKey(job)
    }
    return keys
}

/// A user name that is safe in ssh_config and on a command line: 1 to 32 of `[A-Za-z0-9_.-]`, not beginning with `-` or
/// `.`.
func checkedUser(_ name: String) throws(Refusal) -> String {
    guard UserName.isValid(name) else {
        throw .senseless("an invalid user name for builders")
    }
    return name
}
