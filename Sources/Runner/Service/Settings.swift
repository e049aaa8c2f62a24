import BuildAPI
public import ConfigurationFile
import Presentation
import Provider

/// The runner's settings, from the configuration.
public struct Settings: Sendable {
    var stateFolder: String
    var times: Times
    var limits: Configuration.Runner.Limits
    /// How many days it is kept who has accepted earlier terms of use; nil: for ever.
    var acceptanceRetention: Int?
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
        limits = runner.limits
        acceptanceRetention = runner.acceptanceRetention
        suffixes = runner.suffixes
        times = Times(
            logout: runner.logout == .end ? .end : .ask, keep: runner.keep, life: runner.life,
            lease: UInt32(runner.lease), maxLife: runner.maxLife, maxTimeout: runner.maxTimeout,
            commandLine: GatewayCommandLine(
                account: runner.account, host: gateway.publicHost ?? hostName, port: gateway.publicPort))
    }

    /// The tar archive that the job's builder unpacks.
    func source(of job: JobID) -> String { "\(stateFolder)/sources/\(job)" }

    func logs(of job: JobID) -> String { "\(stateFolder)/logs/\(job)" }

    /// By which people's own clients reach the job's builder.
    func hostNames(of job: JobID) -> [String] {
        ["job-\(job)"] + suffixes.map { "job-\(job).\($0)" }
    }

    /// What a job wants of the pool that its builder comes from.
    func request(for record: JobRecord, as allocation: AllocationID, from pool: Pool) -> BuilderRequest {
        let job = record.job
        let life = min(record.build.timeout, times.maxTimeout)
        return BuilderRequest(
            allocation: allocation, job: job.id, owner: job.owner, pool: pool.name,
            arch: pool.arch(for: record.build.arch), tags: pool.tags, image: record.build.image,
            hostNames: hostNames(of: job.id), life: life,
            longestLife: life + times.maxLife + grace, grace: grace)
    }
}
