import TestBed

/// The gateway `remote`, which asks the runner over TLS.
extension TestBed {
    /// Where the certificates and tokens are.
    static let networkFiles = "/etc/sallyport/network"

    /// The runner's port.
    func runnerPort() async throws -> UInt16 {
        let found = try await run([
            "sed", "-n", "s/^listen = \"127.0.0.1:\\(.*\\)\"/\\1/p", "/etc/sallyport/sallyport.toml",
        ])
        guard let port = UInt16(found.text.filter(\.isNumber)) else {
            throw TestBedError("the runner listens nowhere", log: "\(found)")
        }
        return port
    }

    /// Changes a gateway's configuration with sed(1) for as long as `body` takes.
    func withRemote(_ expressions: [String], _ body: () async throws -> Void) async throws {
        let own = "\(folder)/machine/home/remote-\(port(of: .remote))/sallyport.toml"
        // In place: the gateway sees this very file.
        try await change(
            "cp \(own) \(own).kept; sed \"$@\" \(own).kept >\(own)", expressions.flatMap { ["-e", $0] })
        do {
            try await body()
        } catch {
            try await change("cat \(own).kept >\(own)", [])
            throw error
        }
        try await change("cat \(own).kept >\(own)", [])
    }

    private func change(_ script: String, _ arguments: [String]) async throws {
        let changed = try await run(["/bin/sh", "-euc", script, "sh"] + arguments)
        guard changed.status == 0 else { throw TestBedError("nothing was changed", log: "\(changed)") }
    }
}
