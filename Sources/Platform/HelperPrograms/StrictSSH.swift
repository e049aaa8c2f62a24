/// How stock ssh is called for a machine: no configuration file, no agent, no password, the host key pinned, nothing forwarded.
package enum StrictSSH {
    package static let program = "ssh"

    /// Its first words; `-o` and options of the caller's own can follow.
    ///
    /// - Parameters:
    ///   - identity: the file of the private key.
    ///   - knownHosts: the file that names the machine's host keys under this alias.
    ///   - learns: whether ssh writes the key that it is shown into that file, where it names none.
    package static func words(
        identity: String, knownHosts: String, alias: String, learns: Bool = false
    ) -> [String] {
        ["-F", "none", "-T"]
            + options([
                "BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none",
                "IdentityFile=\(quoted(identity))", "PreferredAuthentications=publickey",
                "UserKnownHostsFile=\(quoted(knownHosts))", "GlobalKnownHostsFile=none",
                "StrictHostKeyChecking=\(learns ? "accept-new" : "yes")", "UpdateHostKeys=no",
                "HostKeyAlias=\(alias)",
                "ClearAllForwardings=yes", "ForwardAgent=no", "ConnectTimeout=20",
                "ServerAliveInterval=5", "ServerAliveCountMax=3", "LogLevel=ERROR",
            ])
    }

    /// All words for one command on a connection of its own.
    ///
    /// - Parameter more: further options.
    package static func words(
        _ command: String, at address: String, port: Int, as user: String, identity: String,
        knownHosts: String, alias: String, learns: Bool = false, more: [String] = []
    ) -> [String] {
        words(identity: identity, knownHosts: knownHosts, alias: alias, learns: learns)
            + options(["ControlPath=none"] + more)
            + ["-p", "\(port)", "-l", user, "--", address, command]
    }

    package static func options(_ options: [String]) -> [String] { options.flatMap { ["-o", $0] } }

    /// A file name in one of ssh's options: it expands %, and splits at spaces unless quoted.
    package static func quoted(_ path: String) -> String { "\"\(path.escaping("%", as: "%%"))\"" }
}
