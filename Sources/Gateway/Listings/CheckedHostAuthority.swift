import AuthorizedKeys
import BuildAPI

/// A host authority whose words can stand in people's own configuration.
struct CheckedHostAuthority {
    let key: PublicKey
    let suffixes: [String]
    let user: String

    init(_ authority: HostAuthority) throws(Refusal) {
        guard let (key, _) = try? PublicKey.parse(line: authority.key), !Certificate.isCertificate(key) else {
            throw .senseless("a host authority without a public key")
        }
        guard authority.suffixes.allSatisfy(HostName.isValid) else {
            throw .senseless("a host authority for names that are not host names")
        }
        self.key = key
        suffixes = authority.suffixes.map { $0.lowercased() }
        user = try checkedUser(authority.user)
    }

    /// Builders' bare names are in every certificate.
    func requireCertificates(for names: BuilderNames) throws(Refusal) {
        guard let suffix = names.suffix, !suffixes.contains(suffix) else { return }
        let others = (suffixes.prefix(8).map { "--suffix \($0)" } + ["--bare"]).joined(separator: ", or ")
        throw .uncertifiedNames(names, alternatives: others)
    }
}

/// The keys by which a job's builder is known.
///
/// - Parameter pin: of a service that knows none: what its builder has shown first.
func checkedHostKeys(of builder: Job.Builder, _ job: JobID, pin: String?) throws(Refusal) -> [PublicKey] {
    let lines = builder.hostKeys.isEmpty ? [pin].compactMap(\.self) : builder.hostKeys
    let keys = lines.compactMap { try? PublicKey.parse(line: $0).key }
    guard keys.count == lines.count, !keys.contains(where: Certificate.isCertificate) else {
        throw .senseless("job \(job) with a builder whose host keys are malformed")
    }
    guard !keys.isEmpty else {
        throw .unknownHostKey(job)
    }
    return keys
}

/// A user's name as it may stand in ssh_config and on a command line: 1 to 32 of `[A-Za-z0-9_.-]`, the first of them
/// no `-` and no `.`.
func checkedUser(_ name: String) throws(Refusal) -> String {
    let isHarmless = name.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
            true
        default: false
        }
    }
    guard isHarmless, (1...32).contains(name.utf8.count), !name.hasPrefix("-"), !name.hasPrefix(".") else {
        throw .senseless("a user whose name is malformed")
    }
    return name
}
