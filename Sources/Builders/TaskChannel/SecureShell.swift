import BuildAPI
import BuilderSocket
import HelperPrograms
package import Provider
import SystemPackage

/// How the runner calls stock ssh for one builder: no configuration file, no agent, the host key pinned.
///
/// The first call keeps its connection open, and all others share it (ssh_config(5), ControlPersist): a login costs an
/// emulated machine a second of work, a command on an open connection a tenth of that. Like the machine, the connection
/// outlives this process; it ends with the machine, or with ``SSHTaskChannel/disconnect()``.
package struct SecureShell: Sendable {
    let destination: SSHDestination

    package init(_ destination: SSHDestination) {
        self.destination = destination
    }

    package static let program = StrictSSH.program

    /// `command` is a line for the builder's shell.
    ///
    /// - Parameter staysOpen: whether the connection may stay open for later calls, if there is none yet.
    package func arguments(_ command: String, staysOpen: Bool = true) -> [String] {
        let strict = StrictSSH.words(
            identity: destination.identity.string, knownHosts: destination.knownHosts.string,
            alias: SSHDestination.hostKeyAlias)
        var options = [
            "ControlMaster=\(staysOpen ? "auto" : "no")",
            "ControlPath=\(StrictSSH.quoted(destination.controlSocket.string))",
            "ControlPersist=yes",
        ]
        // On this host nobody can eavesdrop, and the default takes an emulated machine twice the time.
        if destination.isOnThisHost { options.append("KexAlgorithms=curve25519-sha256") }
        return strict + StrictSSH.options(options + proxy) + place + [command]
    }

    /// Ends the shared connection, here.
    var ending: [String] {
        ["-F", "none"]
            + StrictSSH.options(["ControlPath=\(StrictSSH.quoted(destination.controlSocket.string))"])
            + ["-O", "exit"] + place
    }

    private var place: [String] {
        switch destination.endpoint {
        case .address(let address, let port): ["-p", String(port), "\(destination.user)@\(address)"]
        case .socket: ["\(destination.user)@\(SSHDestination.hostKeyAlias)"]
        }
    }

    /// ssh expands % in the line, and gives it to a shell.
    private var proxy: [String] {
        guard case .socket(let path) = destination.endpoint else { return [] }
        let command: SocketCommand =
            if let key = destination.attachedKey {
                .reachAttached(path: path, key: key)
            } else {
                .reach(path: path)
            }
        let words = [SocketCommand.program] + command.words
        let line = words.map(\.shellWord).joined(separator: " ")
        // Of a machine that has dialled come two pipes, and ssh takes one socket.
        let way = destination.attachedKey == nil ? ["ProxyUseFdpass=yes"] : []
        return way + ["ProxyCommand=\(line.escaping("%", as: "%%"))"]
    }

    /// Runs a command to its end. Throws unless it ends with status 0.
    ///
    /// The command may run twice, because the connection can break at any moment: for example, a task that kills
    /// all of its user's processes breaks it.
    package func run(
        _ command: String, input: ShortCommand.Input = .bytes([]), limit: Duration = .seconds(30)
    ) async throws(BuilderError) {
        do {
            try await run(arguments(command), input: input, limit: limit)
        } catch  where error.code == .connectionLost {
            try await run(arguments(command), input: input, limit: limit)
        }
    }

    /// Whether the builder lets us in now. A machine that is being released gets no connection that stays.
    func answers() async -> Bool {
        do throws(BuilderError) {
            try await run(arguments("true", staysOpen: false), input: .bytes([]), limit: .seconds(20))
            return true
        } catch {
            return false
        }
    }

    private func run(
        _ arguments: [String], input: ShortCommand.Input, limit: Duration
    ) async throws(BuilderError) {
        let outcome = try await ShortCommand(
            program: Self.program, arguments: arguments, input: input, limit: limit
        ).run()
        guard outcome.status != 0 else { return }
        throw Self.error(status: outcome.status, messages: outcome.errors)
    }

    /// What a status other than 0 means. ssh itself ends with 255.
    package static func error(status: Int32?, messages: String) -> BuilderError {
        guard let status, status != 255 else {
            let isRefused =
                ["Host key verification failed", "HOST IDENTIFICATION HAS CHANGED"]
                .contains(where: messages.contains) || refusesLogin(messages)
            return BuilderError(isRefused ? .notTrusted : .connectionLost, detail: messages)
        }
        // The shell there did not find it.
        let code: BuilderError.Code = status == 127 ? .helperMissing : .commandFailed
        return BuilderError(code, detail: "status \(status): \(messages)")
    }

    /// `build@builder: Permission denied (publickey).` A ProxyCommand that cannot reach a socket has other words.
    private static func refusesLogin(_ messages: String) -> Bool {
        messages.split(whereSeparator: \.isNewline).contains { line in
            let parts = line.split(separator: ": Permission denied (", maxSplits: 1)
            return parts.count == 2 && parts[0].contains("@") && !parts[0].contains(" ")
        }
    }
}
