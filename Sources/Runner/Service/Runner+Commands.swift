import Audit
import AuditLog
import AuthorizedKeys
import BuildAPI
public import ConfigurationFile
import Glibc
public import Logging
public import Presentation
import QEMU

/// The program's subcommands.
extension Runner {
    /// Serves real virtual machines until SIGTERM or SIGINT.
    public static func serve(_ configuration: Configuration, isEphemeral: Bool, logger: Logger) async throws {
        try await serve(configuration, isEphemeral: isEphemeral, logger: logger) { folder in
            try inspectHost(for: configuration.runner, logger)
            return try await pools(configuration, in: folder, logger)
        }
    }

    /// Executes this program again, without capabilities, and able to run builders as a user of their own if it has to.
    /// Call it first: what this process has opened or changed can be lost.
    public static func obtainIsolation(_ configuration: Configuration) throws {
        let runner = configuration.runner
        let isNeeded = runner.isolation == .required && runner.slots != 0
        try BuilderNamespace.obtain(account: isNeeded ? runner.builderAccount : nil)
    }

    /// Serves the builders of other pools until SIGTERM or SIGINT.
    ///
    /// - Parameter makePools: receives the state folder, locked.
    package static func serve(
        _ configuration: Configuration, isEphemeral: Bool, logger: Logger,
        makePools: (_ folder: String) async throws -> Pools
    ) async throws {
        try check(configuration.runner)
        let folder = try StateFolder(configuration.runner.stateDirectory)
        for change in folder.tighten() { logger.notice("\(change)") }
        let audit = try audit(configuration, "the runner starts", logger)
        let pools = try await makePools(folder.path)
        let runner = Runner(
            settings: Settings(configuration, hostName: hostName()),
            roles: Roles(configuration.runner, logger: logger),
            socket: configuration.runner.socket,
            network: try configuration.runner.network.map { try NetworkListener($0) },
            metrics: configuration.runner.metrics,
            terms: try configuration.runner.terms.map { try TermsOfUse(file: $0) },
            people: try PeopleRules(configuration.people), pools: pools,
            logger: logger, audit: audit)
        try await runner.serve(in: folder, isEphemeral: isEphemeral)
    }

    /// The runner's audit records, of which that sentence is the first. Throws if they cannot be written.
    private static func audit(
        _ configuration: Configuration, _ sentence: String, _ logger: Logger
    ) throws(RunnerError) -> RunnerAudit {
        let log = AuditLog(configuration.runner.audit, program: "sallyport-runner", host: hostName())
        var record = AuditRecord(.administration)
        record[.text] = sentence
        do throws(AuditFailure) {
            try log.write(record)
        } catch {
            throw RunnerError(.failure, "runner.audit_file: \(error).")
        }
        return RunnerAudit(log, .system, logger)
    }

    /// Ends every builder that a stopped runner has left behind, and closes their jobs.
    public static func drain(_ configuration: Configuration, logger: Logger) async throws {
        let folder = try StateFolder(configuration.runner.stateDirectory)
        let pools = try await pools(configuration, in: folder.path, logger)
        let settings = Settings(configuration, hostName: hostName())
        let store = try SQLiteStore(path: "\(folder.path)/runner.sqlite")
        defer { store.close() }
        let context = JobContext(
            store: store, pools: pools, settings: settings, timekeeper: .system, logger: logger,
            audit: try audit(configuration, "drain: every builder ends", logger))
        try await JobDirectory(context).drain()
    }

    private static func pools(
        _ whole: Configuration, in folder: String, _ logger: Logger
    ) async throws(RunnerError) -> Pools {
        let configuration = whole.runner
        var pools: [Pool] = []
        for (name, pool) in configuration.pools {
            switch pool.kind {
            case .qemu:
                let provider = QEMUProvider(
                    QEMUSettings(
                        configuration, in: folder, identity: try await .identity(in: folder),
                        authority: try await .hostAuthority(in: folder),
                        gateway: Roles.user(named: configuration.account)), logger: logger)
                pools.append(.local(provider, configuration))
            case .command:
                pools.append(
                    try await .command(
                        name, pool, configuration, hostKey: whole.gateway.hostKey, in: folder, logger))
            }
        }
        return Pools(pools)
    }

    /// Whether the settings can be served, what builders will be like here, what will not work, and what the source of people
    /// says. Starts nothing but that source.
    public static func inspection(of configuration: Configuration) async -> HostInspection {
        let people: PeopleRules
        do throws(RunnerError) {
            try check(configuration.runner)
            people = try PeopleRules(configuration.people)
        } catch {
            return HostInspection(obstacle: error.explanation)
        }
        var inspection = hostInspection(for: configuration.runner)
        inspection.people = await people.source?.trial()
        return inspection
    }

    private static func hostInspection(for configuration: Configuration.Runner) -> HostInspection {
        let check = StartUpCheck(configuration)
        let host = BuilderHost(images: configuration.images)
        return HostInspection(
            obstacle: check.obstacle(on: host), facts: [check.accelerator(on: host), check.isolation],
            warnings: check.warnings(on: host, memory: Slots.machineMemory))
    }

    /// Logs what builders will be like, or throws what makes builders impossible.
    private static func inspectHost(
        for configuration: Configuration.Runner, _ logger: Logger
    ) throws(RunnerError) {
        let inspection = hostInspection(for: configuration)
        if let obstacle = inspection.obstacle { throw RunnerError(.failure, obstacle) }
        for fact in inspection.facts { logger.info("\(fact)") }
        for warning in inspection.warnings { logger.warning("\(warning)") }
    }

    private static func check(_ configuration: Configuration.Runner) throws(RunnerError) {
        if let contradiction = StartUpCheck(configuration).contradiction {
            throw RunnerError(.failure, contradiction)
        }
        for key in configuration.gatewayKeys {
            guard (try? PublicKey.parse(line: key)) != nil else {
                throw RunnerError(
                    .failure, "runner.gateway_keys: expected \"<type> <base64>\" of a public key.")
            }
        }
        if configuration.gatewayKeys.isEmpty, configuration.pools.values.contains(where: { $0.max != 0 }) {
            throw RunnerError(
                .failure, "runner.gateway_keys is empty: no gateway could log in to a builder.")
        }
    }

    private static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
