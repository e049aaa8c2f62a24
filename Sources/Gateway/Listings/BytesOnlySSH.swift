import Presentation

/// The ssh that reaches the gateway for another program: it carries bytes, and does nothing else.
///
/// It reads the person's ssh_config, as it must: how to reach the gateway (HostName, ProxyJump, ProxyCommand, and Port unless
/// the gateway's is unusual), which keys to offer, how to know the gateway, how much to log, all of that stays theirs. What
/// they set there for sessions that they see (`Host *`) must not touch these bytes.
struct BytesOnlySSH {
    /// The person's own way to the gateway.
    var plain: GatewayCommandLine
    /// For the ssh that comes with Windows.
    var windows = false

    /// Every one of them has a counterpart in ssh_config(5) that would otherwise count.
    private static let options = [
        // RequestTTY: a terminal changes bytes. Without one, EscapeChar and ObscureKeystrokeTiming mean nothing.
        "-T",
        // ForwardAgent, ForwardX11: for the builder, not for the gateway, which would refuse them with a warning.
        "-a", "-x",
        // Versions that do not know an option end there, and those below are newer than 7.4. `*` contains all that a person
        // can have named in an IgnoreUnknown of their own, which this one replaces.
        ignoreUnknown,
        // LocalForward, RemoteForward, DynamicForward: the ports are in use already, which ends ssh with
        // ExitOnForwardFailure, or they would be open twice.
        "-oClearAllForwardings=yes",
        // ControlPath, and with it ControlMaster and ControlPersist: a shared connection can be another key's, can be full,
        // and would remain after the session.
        "-oControlPath=none",
        // LocalCommand: what it prints would be among the bytes.
        "-oPermitLocalCommand=no",
        // RemoteCommand: ssh refuses to start with two commands. (7.6)
        "-oRemoteCommand=none",
        // SessionType `none` and `subsystem`: no command would run. (8.7)
        "-oSessionType=default",
        // StdinNull, ForkAfterAuthentication: nothing would be read, or ssh would go to the background. (8.7)
        "-oStdinNull=no", "-oForkAfterAuthentication=no",
        // Tunnel: the gateway refuses it, which ends ssh with ExitOnForwardFailure.
        "-oTunnel=no",
        // Compression: encrypted bytes do not become fewer.
        "-oCompression=no",
    ]

    private static let ignoreUnknown = "-oIgnoreUnknown=*"

    /// The command line, for any shell and for cmd.exe. It contains no single quote, no backslash and no exclamation mark.
    func callAsFunction(_ words: String, program: String = "ssh") -> String {
        // Shells would look for files of that name; cmd.exe does not, and quotes have confused Windows' ssh.
        let options = Self.options.map { $0 == Self.ignoreUnknown && !windows ? "\"\($0)\"" : $0 }
        return plain.command(words, options: options, program: program)
    }
}
