/// What the account's logins need of sshd, one row per setting: the rest of our drop-in, without the command for keys.
struct RequiredSetting: Sendable {
    /// As `sshd -T` prints it.
    let keyword: String
    /// The line of our drop-in.
    let line: String
    /// What a login meets if another value is in force.
    let consequence: String
    let state: CheckResult.State
    let isMet: @Sendable (String) -> Bool

    private init(
        _ line: String, _ state: CheckResult.State, _ consequence: String,
        isMet: (@Sendable (String) -> Bool)? = nil
    ) {
        let words = line.split(separator: " ", maxSplits: 1)
        keyword = words[0].lowercased()
        self.line = line
        self.state = state
        self.consequence = consequence
        let value = words[1].lowercased()
        self.isMet = isMet ?? { $0.lowercased() == value }
    }

    /// A number that is at least `least`.
    private static func atLeast(_ least: Int) -> @Sendable (String) -> Bool {
        { value in Int(value).map { $0 >= least } ?? false }
    }

    static let all: [RequiredSetting] = [
        .init("PubkeyAuthentication yes", .fail, "sshd accepts no keys, so nobody can log in"),
        .init("AuthenticationMethods publickey", .fail, "a key alone does not let anybody in") {
            ["publickey", "any"].contains($0)
        },
        .init("ForceCommand none", .fail, "sshd runs that instead of Sallyport's forced command"),
        .init("ChrootDirectory none", .fail, "the forced command is not found in that root"),
        .init("ExposeAuthInfo yes", .fail, "the forced command is not told which key has logged in"),
        .init("PermitTTY yes", .fail, "nobody gets a terminal"),
        .init(
            "MaxSessions 64", .fail, "people who share a connection among sessions are refused",
            isMet: atLeast(2)),
        .init(
            "AuthorizedKeysFile none", .fail, "keys of that file log in without Sallyport's forced command"),
        .init(
            "TrustedUserCAKeys none", .fail,
            "certificates of that authority log in without Sallyport's forced command"),
        .init("AuthorizedPrincipalsCommand none", .warn, "certificates are let in by that program"),
        .init("PasswordAuthentication no", .warn, "people are asked for a password that nobody has"),
        .init("KbdInteractiveAuthentication no", .warn, "people are asked for a password that nobody has"),
        .init("HostbasedAuthentication no", .warn, "hosts that sshd trusts log in without a key"),
        .init("GSSAPIAuthentication no", .warn, "tickets log in without a key"),
        .init("KerberosAuthentication no", .warn, "tickets log in without a key"),
        .init(
            "MaxAuthTries 6", .warn, "people whose agent holds several keys are refused", isMet: atLeast(6)),
        .init(
            "AllowTcpForwarding no", .warn,
            "only the dispatcher's word `restrict` keeps people off this host's network"),
        .init(
            "AllowStreamLocalForwarding no", .warn,
            "only the dispatcher's word `restrict` keeps people off this host's sockets"),
        .init(
            "PermitTunnel no", .warn,
            "only the dispatcher's word `restrict` keeps people off this host's network"),
        .init("X11Forwarding no", .warn, "only the dispatcher's word `restrict` keeps people from X11 here"),
        .init("PermitUserRC no", .warn, "a file ~/.ssh/rc of the account would run before each command"),
        .init(
            "ClientAliveInterval 15", .warn, "clients that have vanished keep their builders for hours",
            isMet: atLeast(1)),
        .init(
            "ClientAliveCountMax 3", .warn, "clients that have vanished keep their builders for hours",
            isMet: atLeast(1)),
        .init("UnusedConnectionTimeout 60", .warn, "connections without a command (ssh -N) last for ever") {
            Int($0).map { $0 > 0 } ?? ($0 != "none")
        },
        .init("ChannelTimeout *=0", .warn, "sessions in which nothing happens are closed") { value in
            value == "none" || value.split(separator: " ").allSatisfy { $0.hasSuffix("=0") }
        },
    ]
}
