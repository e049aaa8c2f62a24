import SystemPackage

/// How the runner calls stock ssh for one machine: no configuration file, no agent, the host key pinned.
///
/// The first call keeps its connection open, and all others share it (ssh_config(5), ControlPersist): a login costs an
/// emulated machine a second of work, a command on an open connection a tenth of that. The connection ends with
/// the machine and, like the machine, outlives this process.
struct SecureShell: Sendable {
    let folder: MachineFolder
    let identity: String
    let port: Int

    static let program = "ssh"
    /// The host's name in known_hosts.
    static let hostKeyAlias = "builder"

    /// `command` is a line for the builder's shell.
    func arguments(_ command: String) -> [String] {
        let options = [
            "BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none",
            "IdentityFile=\(Self.quoted(identity))",
            "PreferredAuthentications=publickey",
            "UserKnownHostsFile=\(Self.quoted(folder.knownHosts.string))", "GlobalKnownHostsFile=none",
            "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "HostKeyAlias=\(Self.hostKeyAlias)",
            "ControlMaster=auto", "ControlPath=\(Self.quoted(folder.controlSocket.string))",
            "ControlPersist=yes",
            "ClearAllForwardings=yes", "ForwardAgent=no",
            // On loopback nobody can eavesdrop, and the default takes an emulated machine twice the time.
            "KexAlgorithms=curve25519-sha256",
            "ConnectTimeout=20", "ServerAliveInterval=5", "ServerAliveCountMax=3", "LogLevel=ERROR",
        ]
        return ["-F", "none", "-T"] + options.flatMap { ["-o", $0] }
            + ["-p", String(port), "\(MachineSpecification.user)@127.0.0.1", command]
    }

    /// Runs a command to its end. Throws unless it ends with status 0.
    ///
    /// The command may run twice, because the connection can break at any moment: for example, a task that kills
    /// all of its user's processes breaks it.
    func run(
        _ command: String, input: ShortCommand.Input = .bytes([]), limit: Duration = .seconds(30)
    ) async throws(MachineError) {
        do {
            try await runOnce(command, input: input, limit: limit)
        } catch  where error.code == .connectionLost {
            try await runOnce(command, input: input, limit: limit)
        }
    }

    private func runOnce(
        _ command: String, input: ShortCommand.Input, limit: Duration
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
        // The shell there did not find it.
        let code: MachineError.Code = status == 127 ? .helperMissing : .commandFailed
        return MachineError(code, detail: "status \(status): \(messages)")
    }

    /// A file name in one of ssh's options: it expands %, and splits at spaces unless quoted.
    private static func quoted(_ path: String) -> String {
        "\"" + path.escaping("%", as: "%%") + "\""
    }
}
