import AllocatorPrograms

/// Machines are reached by stock ssh, and are made new by programs of this host.
struct StockSSH: HostAccess {
    let folder: StateFolder<HostsState>
    /// What `clean` says.
    let said: @Sendable (String) -> Void

    /// How long `clean` can take: less than a pool's verb, whose end would be the end of `clean`, too.
    private static let longLimit = Duration.seconds(600)

    func admit(_ keys: [String], to host: SSHHost) async throws(AllocatorFailure) {
        try await scripts(on: host).admit(keys)
    }

    func withdraw(from host: SSHHost) async throws(AllocatorFailure) {
        try await scripts(on: host).withdraw()
    }

    func clean(_ host: SSHHost, _ command: String) async throws(AllocatorFailure) {
        try await scripts(on: host).run(HostScripts.whole(command), limit: Self.longLimit) { [said] in
            said("\(host.name): \($0)")
        }
    }

    func beginReset(of host: SSHHost, _ words: [String], id: String) async throws(AllocatorFailure) {
        try await DetachedReset(folder: folder, name: host.name).begin(
            words,
            environment: [
                "SALLYPORT_HOST": host.name, "SALLYPORT_ADDRESS": host.address,
                "SALLYPORT_PORT": "\(host.port)", "SALLYPORT_USER": host.user,
            ], id: id)
    }

    func reset(of name: String, id: String) async throws(AllocatorFailure) -> ResetProgress {
        try await DetachedReset(folder: folder, name: name).progress(id: id)
    }

    func output(ofReset name: String, after offset: Int) -> [UInt8] {
        DetachedReset(folder: folder, name: name).output(after: offset)
    }

    private func scripts(on host: SSHHost) throws(AllocatorFailure) -> ScriptOverSSH {
        ScriptOverSSH(
            name: host.name, address: host.address, port: host.port, user: host.user,
            identity: host.identity, knownHosts: try folder.storeHostKeys(host.hostKeys, of: host.name))
    }
}
