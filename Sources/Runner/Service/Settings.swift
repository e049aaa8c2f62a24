import BuildAPI
public import ConfigurationFile
import Presentation

/// The runner's settings, from the configuration.
public struct Settings: Sendable {
    var stateFolder: String
    /// The sockets at which the gateways of this host reach builders.
    var socketFolder: String
    var images: Images
    var memory: Int
    var imageSettings: [String: Configuration.Runner.Image]
    var slots: Int
    var times: Times
    var limits: Configuration.Runner.Limits
    /// The part after `job-42.` in the name of a builder.
    var suffixes: [String]
    /// How many seconds a builder can take until its SSH server answers. Under software emulation on a busy machine
    /// this takes long.
    var bootTime = 120
    /// How many seconds a connection can last without a complete request, or between two requests.
    var idleTime = 60
    /// A builder ends itself this many seconds after its deadline.
    var grace = 30

    public init(_ configuration: Configuration, hostName: String) {
        let runner = configuration.runner
        let gateway = configuration.gateway
        stateFolder = runner.stateDirectory
        socketFolder = Self.socketFolder(beside: runner.socket)
        images = Images(
            folder: runner.images, aliases: runner.imageAliases, settings: runner.imageSettings,
            memory: runner.memory)
        limits = runner.limits
        suffixes = runner.suffixes
        memory = runner.memory
        imageSettings = runner.imageSettings
        slots = runner.slots ?? Slots.fitting(into: Slots.machineMemory, each: runner.largestMemory)
        times = Times(
            logout: runner.logout == .end ? .end : .ask, keep: runner.keep, life: runner.life,
            lease: UInt32(runner.lease), maxLife: runner.maxLife, maxTimeout: runner.maxTimeout,
            commandLine: GatewayCommandLine(
                account: runner.account, host: gateway.publicHost ?? hostName, port: gateway.publicPort))
    }

    /// Jobs of one owner that can run at once: by default half of the slots, rounded up.
    var runningPerOwner: Int { limits.runningPerOwner ?? max(1, (slots + 1) / 2) }

    /// `/run/sallyport/api.builders`, beside `api.sock`: where gateways reach the runner, they reach its builders.
    static func socketFolder(beside socket: String) -> String {
        "\(socket.hasSuffix(".sock") ? String(socket.dropLast(".sock".count)) : socket).builders"
    }

    /// The tar archive that the job's builder unpacks.
    func source(of job: JobID) -> String { "\(stateFolder)/sources/\(job)" }

    func logs(of job: JobID) -> String { "\(stateFolder)/logs/\(job)" }

    /// The folder's path is short, because the path of a Unix socket in it can have at most 107 bytes.
    func plan(for record: JobRecord) -> BuilderPlan {
        let image = imageSettings[record.build.image] ?? .init()
        let name = "job-\(record.job.id)"
        let life = min(record.build.timeout, times.maxTimeout)
        return BuilderPlan(
            job: record.job.id, folder: "\(stateFolder)/machines/\(record.job.id)",
            socket: "\(socketFolder)/\(record.job.id)", image: images.path(of: record.build.image),
            memory: image.memory ?? memory, processors: image.processors, network: image.network,
            hostNames: [name] + suffixes.map { "\(name).\($0)" }, longestLife: life + times.maxLife + grace,
            life: life, grace: grace)
    }
}
