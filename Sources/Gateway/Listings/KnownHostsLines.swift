import AuthorizedKeys
import BuildAPI

/// Lines of a known_hosts file: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
enum KnownHostsLines {
    /// Every builder has a certificate from this authority.
    static func certified(by authority: PublicKey, _ names: BuilderNames) -> String {
        "@cert-authority \(names.pattern) \(authority.line) builders\n"
    }

    /// The keys of one job's builder, for clients that do not support certificates.
    static func keys(_ keys: [PublicKey], of job: JobID, _ names: BuilderNames) -> String {
        keys.map { "\(names.name(of: job)) \($0.line)\n" }.joined()
    }
}
