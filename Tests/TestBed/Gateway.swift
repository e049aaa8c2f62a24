/// The sshds of a test bed, each a gateway with its own configuration.
public enum Gateway: String, Codable, CaseIterable, Sendable {
    /// As an administrator sets it up: the drop-in, and an ordinary login shell.
    case builds
    /// The same with sallyport-shell as the account's login shell.
    case guarded
    /// A mistake: a key in an authorized_keys file, and no forced command.
    case stray
    /// The same mistake, with sallyport-shell as the account's login shell.
    case guardedStray = "guarded-stray"
    /// Its build service cannot be reached.
    case orphaned
    /// It lets people forward their agents to builders, and use security keys without touching them.
    case trusting
    /// The same, but it accepts only keys that the build service knows.
    case choosy
    /// Its build service is a worker of builds.sr.ht, whose logs it can read.
    case sourcehut
    /// The same, without the worker's disk.
    case sourcehutRemote = "sourcehut-remote"
    /// It asks the runner over TLS, with a token.
    case remote
    /// It closes sessions with a terminal that are idle for a few seconds, and connections without a session. A person can
    /// run four commands at once.
    case impatient
    /// It records every session, at most 128 KiB of each.
    case recorded

    var hasDropIn: Bool { self != .stray && self != .guardedStray }

    /// Replacements in the project's drop-in for this gateway.
    var dropInChanges: [(shipped: String, own: String)] {
        let lendsAgents = [
            ("%u %h", "--agent-forwarding %u %h"), ("AllowAgentForwarding no", "AllowAgentForwarding yes"),
        ]
        return switch self {
        case .trusting: lendsAgents + [("--agent-forwarding", "--no-touch-required --agent-forwarding")]
        case .choosy: lendsAgents + [("%u %h", "--admission known %u %h")]
        case .impatient: [("UnusedConnectionTimeout 60", "UnusedConnectionTimeout 5")]
        default: []
        }
    }

    var loginShell: String {
        self == .guarded || self == .guardedStray ? Installed.shell : "/bin/sh"
    }
}

/// The programs' paths as a gateway sees them: where `make install` would install them.
enum Installed {
    static let folder = "/usr/local/libexec/sallyport"
    static let shell = folder + "/sallyport-shell"
    static let configuration = "/etc/sallyport/sallyport.toml"
    static let dropIn = "/etc/ssh/sshd_config.d/50-sallyport.conf"
}
