import HelperPrograms

/// Machines are reached by stock ssh, without any configuration of its own, and have to show their host keys.
struct StockSSH: HostAccess {
    let folder: StateFolder
    /// What `clean` says.
    let said: @Sendable (String) -> Void

    /// How long a machine has to answer, and to run a few lines.
    private static let limit = Duration.seconds(60)
    /// How long `clean` can take: less than a pool's verb, whose end would be the end of `clean`, too.
    private static let longLimit = Duration.seconds(600)

    func admit(_ keys: [String], to host: SSHHost) async throws(HostsFailure) {
        try await run(HostScripts.admit(keys), on: host)
    }

    func withdraw(from host: SSHHost) async throws(HostsFailure) {
        do throws(HostsFailure) {
            try await run(HostScripts.withdraw, on: host)
        } catch {
            // It has ended its own connection; a second one finds out how far it got.
        }
        try await run(HostScripts.check, on: host)
    }

    func clean(_ host: SSHHost, _ command: String) async throws(HostsFailure) {
        try await run(HostScripts.whole(command), on: host, limit: Self.longLimit, isLoud: true)
    }

    func beginReset(of host: SSHHost, _ words: [String], id: String) async throws(HostsFailure) {
        try await DetachedReset(folder: folder, name: host.name).begin(
            words,
            environment: [
                "SALLYPORT_HOST": host.name, "SALLYPORT_ADDRESS": host.address,
                "SALLYPORT_PORT": "\(host.port)", "SALLYPORT_USER": host.user,
            ], id: id)
    }

    func reset(of name: String, id: String) async throws(HostsFailure) -> ResetProgress {
        try await DetachedReset(folder: folder, name: name).progress(id: id)
    }

    func output(ofReset name: String, after offset: Int) -> [UInt8] {
        DetachedReset(folder: folder, name: name).output(after: offset)
    }

    /// Runs a script of sh(1) there, whatever the account's shell is.
    private func run(
        _ script: String, on host: SSHHost, limit: Duration = limit, isLoud: Bool = false
    ) async throws(HostsFailure) {
        let known = "known_hosts.\(host.name)"
        try folder.write(
            host.hostKeys.map { "\(host.name) \($0)\n" }.joined(), to: known)
        let words =
            [StrictSSH.program]
            + StrictSSH.words(
                "/bin/sh -s", at: host.address, port: host.port, as: host.user, identity: host.identity,
                knownHosts: "\(folder.path)/\(known)", alias: host.name)
        let program = HelperProgram(words: words, outputLimit: 1 << 20, limit: limit, endsWithUs: true)
        let name = host.name
        let outcome: HelperProgram.Outcome
        do throws(HelperProgram.Failure) {
            outcome = try await program.run(reading: Array(script.utf8)) { [said] in
                if isLoud { said("\(name): \($0)") }
            }
        } catch {
            throw HostsFailure("\(name): \(error)")
        }
        guard outcome.status != .exited(0) else { return }
        let last = outcome.errors.split(whereSeparator: \.isNewline).last ?? ""
        let status =
            switch outcome.status {
            case .exited(let code): "status \(code)"
            case .signaled(let signal): "signal \(signal)"
            }
        throw HostsFailure("\(name): \(last.isEmpty ? status : "\(last) (\(status))")")
    }
}
