import SystemPackage

/// How the runner calls stock ssh for one machine: no configuration file, no agent, the host key pinned.
struct SecureShell: Sendable {
    let folder: MachineFolder
    let identity: String
    let port: Int

    static let program = "ssh"
    /// The name under which known_hosts has the key.
    static let hostKeyAlias = "builder"

    /// `command` is a line for the builder's shell.
    func arguments(_ command: String) -> [String] {
        let options = [
            "BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none",
            "IdentityFile=\(Self.quoted(identity))",
            "PreferredAuthentications=publickey",
            "UserKnownHostsFile=\(Self.quoted(folder.knownHosts.string))", "GlobalKnownHostsFile=none",
            "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "HostKeyAlias=\(Self.hostKeyAlias)",
            "ControlMaster=no", "ControlPath=none", "ClearAllForwardings=yes", "ForwardAgent=no",
            "ConnectTimeout=20", "ServerAliveInterval=5", "ServerAliveCountMax=3", "LogLevel=ERROR",
        ]
        return ["-F", "none", "-T"] + options.flatMap { ["-o", $0] }
            + ["-p", String(port), "\(MachineSpecification.user)@127.0.0.1", command]
    }

    /// Runs a command to its end. Throws unless it ends with status 0.
    func run(
        _ command: String, input: [UInt8] = [], limit: Duration = .seconds(30)
    ) async throws(MachineError) {
        let outcome = try await ShortCommand(
            program: Self.program, arguments: arguments(command), input: input, limit: limit
        ).run()
        guard outcome.status != 0 else { return }
        throw Self.error(status: outcome.status, messages: outcome.errors)
    }

    /// What a status other than 0 means. ssh itself ends with 255.
    static func error(status: Int32?, messages: String) -> MachineError {
        guard let status, status != 255 else {
            let refused = [
                "Host key verification failed", "Permission denied", "HOST IDENTIFICATION HAS CHANGED",
            ]
            let code: MachineError.Code =
                refused.contains(where: messages.contains) ? .notTrusted : .connectionLost
            return MachineError(code, detail: messages)
        }
        return MachineError(.commandFailed, detail: "status \(status): \(messages)")
    }

    /// A file name in one of ssh's options: it expands %, and splits at spaces unless quoted.
    private static func quoted(_ path: String) -> String {
        "\"" + path.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%") + "\""
    }
}
