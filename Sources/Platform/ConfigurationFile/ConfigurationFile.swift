import BuildAPI
import Glibc

/// Reads `sallyport.toml`.
public enum ConfigurationFile {
    /// Reads and checks the file at `path`.
    ///
    /// - Parameter ownerMustBeRoot: refuses a file that anyone other than root could have written. The forced
    ///   command asks for it, since the path is an argument.
    public static func read(
        _ path: String, ownerMustBeRoot: Bool = false
    ) throws(ConfigurationError) -> Configuration {
        let text = try SmallFile.read(path) { status in
            let isOurs = status.st_uid == 0 && status.st_mode & 0o022 == 0
            return ownerMustBeRoot && !isOurs ? "must belong to root and be writable by nobody else" : nil
        }
        return try parse(text, path: path)
    }

    /// Checks the text of a configuration file. `path` is for error messages only.
    public static func parse(_ text: String, path: String) throws(ConfigurationError) -> Configuration {
        var document = try Document(text, path: path)
        let configuration = try configuration(from: &document)
        try document.refuseWhatNobodyAskedFor()
        return configuration
    }

    static func configuration(from document: inout Document) throws(ConfigurationError) -> Configuration {
        var service = Configuration.Service(url: "")
        service.kind = try document.choice("service", "kind", default: .sallyport)
        var sourcehut = Configuration.Sourcehut()
        let isSourcehut = service.kind == .sourcehut
        service.url = try document.serviceURL("service", "url", isNeeded: !isSourcehut)
        sourcehut.workerURL = try document.serviceURL("sourcehut", "worker_url", isNeeded: isSourcehut)
        sourcehut.metaURL = try document.serviceURL("sourcehut", "meta_url", isNeeded: isSourcehut)
        sourcehut.logs = try document.path("sourcehut", "logs")
        service.authorities = try document.path("service", "ca_file")
        service.tokenFile = try document.path("service", "token_file")
        service.keyTokenFile = try document.path("service", "key_token_file")
        service.proxy = try document.proxy("service", "proxy")

        var configuration = Configuration(service: service)
        configuration.sourcehut = sourcehut
        configuration.builder.identity = try document.path(
            "builder", "identity", default: configuration.builder.identity)
        configuration.gateway.publicHost = try document.text("gateway", "public_host")
        configuration.gateway.publicPort = try document.number(
            "gateway", "public_port", in: 1...65535, default: configuration.gateway.publicPort)
        configuration.gateway.name = try document.hostName("gateway", "name")
        configuration.gateway.contact = try document.text("gateway", "contact")
        configuration.gateway.keyCache = try document.path(
            "gateway", "key_cache", default: configuration.gateway.keyCache)
        configuration.gateway.sessions = try document.path(
            "gateway", "sessions", default: configuration.gateway.sessions)
        configuration.gateway.attached = try document.path(
            "gateway", "attached", default: configuration.gateway.attached)
        configuration.gateway.attachBundles = try document.path(
            "gateway", "attach_bundles", default: configuration.gateway.attachBundles)
        configuration.gateway.hostKey = try document.path(
            "gateway", "host_key", default: configuration.gateway.hostKey)
        configuration.gateway.logFile = try document.path("gateway", "log_file")
        configuration.gateway.commandsPerPerson = try document.number(
            "gateway", "commands_per_person", in: 1...10_000, default: configuration.gateway.commandsPerPerson
        )
        configuration.gateway.revocationTimeout = try document.numberOrNever(
            "gateway", "revocation_timeout", in: 60...31_536_000,
            default: configuration.gateway.revocationTimeout)
        configuration.gateway.idle = try document.number(
            "gateway", "idle", in: 0...31_536_000, default: configuration.gateway.idle)
        try readAudit(of: &configuration.gateway, from: &document)

        var runner = Configuration.Runner()
        runner.stateDirectory = try document.path("runner", "state_dir", default: runner.stateDirectory)
        runner.socket = try document.path("runner", "socket", default: runner.socket)
        runner.account = try document.text("runner", "account") ?? runner.account
        runner.keysAccount = try document.text("runner", "keys_account") ?? runner.keysAccount
        runner.operatorGroup = try document.text("runner", "operator_group") ?? runner.operatorGroup
        runner.gatewayKeys = try document.texts("runner", "gateway_keys") ?? []
        runner.images = try document.path("runner", "images", default: runner.images)
        runner.accelerator = try document.choice("runner", "accel", default: runner.accelerator)
        runner.isolation = try document.choice("runner", "isolation", default: runner.isolation)
        runner.builderAccount = try document.text("runner", "builder_account") ?? runner.builderAccount
        runner.outbound.denied = try document.networks("runner", "outbound_deny") ?? []
        runner.outbound.connectionsPerSecond = try document.number(
            "runner", "outbound_connections", in: 1...1_000_000,
            default: runner.outbound.connectionsPerSecond)
        runner.outbound.bytes = try document.number(
            "runner", "outbound_bytes", in: 1...1 << 50, default: runner.outbound.bytes)
        runner.pools = try pools(from: &document)
        runner.memory = try document.number("runner", "memory", in: 128...1_048_576, default: runner.memory)
        for name in try document.tables(in: "runner", "image") {
            let table = "runner.image.\(name)"
            var image = Configuration.Runner.Image()
            image.memory = try document.number(table, "memory", in: 128...1_048_576)
            image.processors = try document.number(table, "cpus", in: 1...255, default: image.processors)
            image.network = try document.choice(table, "network", default: image.network)
            image.description = try document.text(table, "description")
            if image != .init() { runner.imageSettings[name] = image }
        }
        runner.imageAliases = try document.pairs("runner", "image_aliases")
        runner.suffixes = try document.hostNames("runner", "suffixes") ?? suffixes(of: configuration.gateway)
        runner.logout = try document.choice("runner", "logout", default: runner.logout)
        runner.maxLife = try document.number(
            "runner", "max_life", in: 1...31_536_000, default: runner.maxLife)
        // Before there was max_timeout, max_life was the limit of the tasks too.
        runner.maxTimeout = try document.number(
            "runner", "max_timeout", in: 1...31_536_000, default: min(runner.maxTimeout, runner.maxLife))
        // The defaults follow a shorter max_life; a contradiction that someone has written down is the runner's to refuse.
        runner.keep = try document.number(
            "runner", "keep", in: 1...31_536_000, default: min(runner.keep, runner.maxLife))
        runner.life = try document.number(
            "runner", "life", in: 1...31_536_000, default: min(runner.life, runner.maxLife))
        runner.lease = try document.number("runner", "lease", in: 3...86_400, default: runner.lease)
        runner.logFile = try document.path("runner", "log_file")
        runner.audit = try audit("runner", from: &document)
        runner.acceptanceRetention = try document.number("runner", "acceptance_retention", in: 1...36_500)
        runner.terms = try document.path("runner", "terms")
        runner.limits = try limits(from: &document)
        runner.network = try network(from: &document)
        runner.metrics = try document.listeningAddress("runner", "metrics").map {
            .init(address: $0.address, port: $0.port)
        }
        configuration.runner = runner
        configuration.people = try people(from: &document)
        return configuration
    }

    private static func readAudit(
        of gateway: inout Configuration.Gateway, from document: inout Document
    ) throws(ConfigurationError) {
        gateway.audit = try audit("gateway", from: &document)
        gateway.auditIsRequired = try document.flag("gateway", "audit_required", default: false)
        gateway.auditsCommands = try document.flag("gateway", "audit_commands", default: false)
        gateway.administratorReason = try document.choice(
            "gateway", "admin_reason", default: gateway.administratorReason)
        gateway.recording = try recording(from: &document)
        guard !gateway.auditIsRequired || gateway.audit.file != nil else {
            throw document.error("gateway", "audit_required", "expected audit_file, too")
        }
    }

    /// `"none"`, `"all"`, or a list of pools.
    private static func recording(
        from document: inout Document
    ) throws(ConfigurationError) -> Configuration.Recording {
        var recording = Configuration.Recording()
        if try document.isText("gateway", "record") {
            recording.scope =
                switch try document.text("gateway", "record") {
                case "none": .none
                case "all": .all
                default:
                    throw document.error(
                        "gateway", "record", "expected \"none\", \"all\" or a list of pools")
                }
        } else if let pools = try document.texts("gateway", "record") {
            guard !pools.contains("none"), !pools.contains("all") else {
                throw document.error("gateway", "record", "expected pools, or one of the words alone")
            }
            recording.scope = pools.isEmpty ? .none : .pools(Set(pools))
        }
        recording.folder = try document.path("gateway", "recordings", default: recording.folder)
        recording.limit = try document.number(
            "gateway", "recording_limit", in: 1 << 16...1 << 34, default: recording.limit)
        recording.retention = try document.number(
            "gateway", "recording_retention", in: 1...36_500, default: recording.retention)
        recording.size = try document.number(
            "gateway", "recordings_size", in: 1 << 20...1 << 50, default: recording.size)
        recording.permitsBypass = try document.flag("gateway", "record_bypass", default: false)
        return recording
    }

    private static func audit(
        _ table: String, from document: inout Document
    ) throws(ConfigurationError) -> Configuration.Audit {
        var audit = Configuration.Audit()
        audit.file = try document.path(table, "audit_file")
        audit.usesSystemLog = try document.flag(table, "audit_system_log", default: audit.usesSystemLog)
        audit.retention = try document.number(
            table, "audit_retention", in: 1...36_500, default: audit.retention)
        return audit
    }

    /// Unless the administrator sets other names, builders are named after the gateway, if it has a name.
    private static func suffixes(of gateway: Configuration.Gateway) -> [String] {
        guard let host = gateway.publicHost, HostName.isValid(host) else { return [] }
        return [host.lowercased()]
    }

    private static func limits(
        from document: inout Document
    ) throws(ConfigurationError) -> Configuration.Runner.Limits {
        var limits = Configuration.Runner.Limits()
        limits.keptPerOwner = try document.number(
            "runner", "kept_per_owner", in: 1...10_000, default: limits.keptPerOwner)
        limits.keptFull = try document.choice("runner", "kept_full", default: limits.keptFull)
        limits.runningPerOwner = try document.number("runner", "running_per_owner", in: 1...10_000)
        limits.sessionsPerPerson = try document.number(
            "runner", "sessions_per_person", in: 1...10_000, default: limits.sessionsPerPerson)
        limits.streamsPerPerson = try document.number(
            "runner", "streams_per_person", in: 1...10_000, default: limits.streamsPerPerson)
        limits.source = try document.number(
            "runner", "source_limit", in: 0...1 << 40, default: limits.source)
        limits.sourcesPerOwner = try document.number(
            "runner", "sources_per_owner", in: 0...1 << 40, default: limits.sourcesPerOwner)
        limits.queuedPerOwner = try document.number(
            "runner", "queued_per_owner", in: 1...10_000, default: limits.queuedPerOwner)
        limits.submissionsPerMinute = try document.number(
            "runner", "submissions_per_minute", in: 1...1_000_000, default: limits.submissionsPerMinute)
        limits.attachments = try document.number(
            "runner", "attachments", in: 0...100_000, default: limits.attachments)
        limits.attachmentsPerOwner = try document.number(
            "runner", "attachments_per_owner", in: 1...100_000, default: limits.attachmentsPerOwner)
        limits.attachmentsPerAddress = try document.number(
            "runner", "attachments_per_address", in: 1...100_000, default: limits.attachmentsPerAddress)
        limits.pairing = try document.flag("runner", "pairing", default: limits.pairing)
        limits.pairings = try document.number(
            "runner", "pairings", in: 1...10_000, default: limits.pairings)
        limits.pairingsPerAddress = try document.number(
            "runner", "pairings_per_address", in: 1...10_000, default: limits.pairingsPerAddress)
        limits.pairingsPerHour = try document.number(
            "runner", "pairings_per_hour", in: 1...100_000, default: limits.pairingsPerHour)
        limits.wrongCodesPerPerson = try document.number(
            "runner", "wrong_codes_per_person", in: 1...1_000, default: limits.wrongCodesPerPerson)
        limits.wrongCodes = try document.number(
            "runner", "wrong_codes", in: 1...100_000, default: limits.wrongCodes)
        limits.log = try document.number("runner", "log_limit", in: 1...(1 << 40), default: limits.log)
        limits.artifacts = try document.number(
            "runner", "artifact_limit", in: 0...(1 << 33) - 1, default: limits.artifacts)
        limits.finishedPerOwner = try document.number(
            "runner", "finished_per_owner", in: 1...1_000_000, default: limits.finishedPerOwner)
        limits.finishedBytesPerOwner = try document.number(
            "runner", "finished_bytes_per_owner", in: 1...1 << 50, default: limits.finishedBytesPerOwner)
        limits.retention = try document.number(
            "runner", "retention", in: 1...36_500, default: limits.retention)
        return limits
    }

    /// These four keys belong together.
    private static func network(
        from document: inout Document
    ) throws(ConfigurationError) -> Configuration.Runner.Network? {
        let listen = try document.listeningAddress("runner", "listen")
        let certificate = try document.path("runner", "tls_certificate")
        let key = try document.path("runner", "tls_key")
        let tokens = try document.path("runner", "tokens")
        guard let listen else { return nil }
        func needed(_ path: String?, _ key: String) throws(ConfigurationError) -> String {
            guard let path else { throw document.error("runner", key, "expected a path, because of listen") }
            return path
        }
        return Configuration.Runner.Network(
            address: listen.address, port: listen.port,
            certificate: try needed(certificate, "tls_certificate"),
            key: try needed(key, "tls_key"), tokens: try needed(tokens, "tokens"))
    }
}
