/// The paths in the temporary folder, and the configuration that names them.
struct Layout: Sendable {
    /// The temporary folder.
    let folder: String
    /// The address where the runner listens with TLS; nil: none.
    var networkPort: UInt16?

    /// The private file systems, which only the helper's namespace can see.
    var machine: String { folder + "/machine" }
    var logs: String { folder + "/log" }
    /// The audit records of the gateways and of the runner.
    var audit: String { machine + "/audit" }
    var recordings: String { machine + "/recordings" }
    /// Keys, ssh_config and known_hosts of the people who log in.
    var client: String { folder + "/client" }
    var socket: String { folder + "/run/api.sock" }
    /// Allocator programs, which have to be root's.
    var allocators: String { machine + "/allocators" }
    /// The runner's folder.
    var state: String { machine + "/state" }
    /// The homes of people with an account in the test bed.
    var homes: String { folder + "/home" }
    func home(of person: String) -> String { "\(homes)/\(person)" }

    /// The value of `public_host`, which is in the test bed's /etc/hosts.
    static let publicHost = "builds.example.test"

    /// A build service that speaks API v1.
    static func service(at socket: String) -> String {
        """
        [service]
        url = "unix:\(socket)"
        """
    }

    /// A worker of builds.sr.ht, which also plays meta.sr.ht.
    static func worker(at socket: String, logs: String?) -> String {
        """
        [service]
        kind = "sourcehut"

        [sourcehut]
        worker_url = "unix:\(socket)"
        meta_url = "unix:\(socket)"
        \(logs.map { "logs = \"\($0)\"" } ?? "")
        """
    }

    static let identity = "/etc/sallyport/builder_ed25519"
    static let hostKey = "/etc/sallyport/ssh_host_ed25519_key"
    /// Keys and an authority that sshd's own configuration would accept without the drop-in.
    static let strayKeys = "/etc/sallyport/stray_authorized_keys"
    static let strayAuthority = "/etc/sallyport/stray_authority.pub"

    /// The text of `sallyport.toml`.
    ///
    /// - Parameters:
    ///   - service: its first tables; nil: the runner is the build service.
    ///   - idle: seconds; 0: however long.
    ///   - recordingLimit: bytes of a recording; nil: nothing is recorded.
    func configuration(
        settings: TestBedSettings, port: UInt16, gatewayKey: String?, service: String? = nil, idle: Int = 0,
        commands: Int = 1000, recordingLimit: Int? = nil
    ) -> String {
        """
        \(service ?? Self.service(at: socket))

        [builder]
        identity = "\(Self.identity)"

        [gateway]
        public_host = "\(Self.publicHost)"
        public_port = \(port)
        host_key = "\(Self.hostKey).pub"
        idle = \(idle)
        commands_per_person = \(commands)
        audit_file = "\(audit)/gateway.jsonl"
        recordings = "\(recordings)"
        \(recordingLimit.map { "record = \"all\"\nrecording_limit = \($0)" } ?? "")

        [runner]
        state_dir = "\(state)"
        socket = "\(self.socket)"
        \(networkPort.map(NetworkFiles.listener) ?? "")
        account = "builds"
        keys_account = "sallyport-keys"
        audit_file = "\(audit)/runner.jsonl"
        gateway_keys = [\(gatewayKey.map { "\"\($0)\"" } ?? "")]
        images = "\(settings.images)"
        accel = "\(settings.accelerator)"
        \(settings.slots.map { "slots = \($0)" } ?? "")
        memory = \(settings.memory)
        keep = \(settings.keep)
        lease = \(settings.lease)
        max_life = \(settings.maxLife)
        # A few people do what many would.
        kept_per_owner = 100
        running_per_owner = 100
        sessions_per_person = 1000
        queued_per_owner = 100
        submissions_per_minute = 10000
        streams_per_person = 1000

        \(settings.allocator.map(pool) ?? "")
        """
    }

    /// A pool `hpc` whose machines an allocator program gets. A longer name would not leave room for the sockets' paths.
    private func pool(of program: String) -> String {
        """
        [runner.pool.hpc]
        kind = "command"
        command = ["\(allocators)/\(program)"]
        max = 2
        """
    }
}
