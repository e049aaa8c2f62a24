/// The first word of SSH_ORIGINAL_COMMAND.
public enum Verb: String, CaseIterable, Sendable {
    // About one job.
    case connect, proxy, tail, show, extend, release, hold, unhold, share, unshare, cancel
    // About one job, or about every job's builder.
    case knownHosts = "known-hosts"
    case sshConfig = "ssh-config"
    // About the person who asks.
    case list, submit, keys, whoami
    case acceptTerms = "accept-terms"
    case help, version

    /// What people try who know other programs.
    static let aliases: [String: Verb] = [
        "ssh": .connect, "shell": .connect, "exec": .connect, "run": .connect, "login": .connect,
        "log": .tail, "logs": .tail, "follow": .tail,
        "ls": .list, "jobs": .list, "ps": .list,
        "status": .show, "info": .show,
        "stop": .cancel, "kill": .cancel, "abort": .cancel,
        "end": .release, "destroy": .release, "keep": .hold, "renew": .extend,
        "build": .submit, "key": .keys, "who": .whoami, "id": .whoami,
        "--help": .help, "-h": .help, "--version": .version, "-V": .version,
    ]
}
