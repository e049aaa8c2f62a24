import BuildAPI
import EventLoop
import Glibc
import ServiceClient
import ShownLogs

/// Shows the logs of a job on standard output until the job has ended.
final class JobTail {
    private(set) var job: Job
    /// Whether the job had ended before its log was shown.
    let hadEnded: Bool
    private let service: SallyportService
    private let raw: Bool
    private let descriptor: CInt
    /// The descriptor's flags, as this program has found them.
    private let flags: CInt
    private let output: OutputSink
    private var search: LastLinesSearch?
    private var follower: LogFollower?
    private var watch: (any ServiceStream)?
    private var ended: ((Result<Void, ServiceError>) -> Void)?

    /// - Parameter raw: bytes pass unchanged.
    init(_ job: Job, raw: Bool, of service: SallyportService, on loop: EventLoop) {
        self.job = job
        hadEnded = job.status.isFinal
        self.raw = raw
        self.service = service
        // The sink does not block. The programs with which this one shares its terminal should not have to know.
        let terminal =
            isatty(STDOUT_FILENO) == 1 ? open("/proc/self/fd/1", O_WRONLY | O_NOCTTY | O_CLOEXEC) : -1
        descriptor = terminal < 0 ? STDOUT_FILENO : terminal
        flags = fcntl(descriptor, F_GETFL)
        output = OutputSink(descriptor, on: loop)
    }

    /// Whether nobody reads the logs any more.
    var isUnread: Bool { output.isGone }

    /// Whether the service had any of the logs.
    var hasFoundLog: Bool { follower?.hasFoundLog ?? true }

    /// - Parameters:
    ///   - lines: how many lines of what there is are shown; nil: all.
    ///   - ended: the job has ended, and all that there is to show has been written; or nobody reads any more.
    func start(lines: Int?, _ ended: @escaping (Result<Void, ServiceError>) -> Void) {
        self.ended = ended
        output.onGone = { [unowned self] in finish(.success(())) }
        if !job.status.isFinal { startWatching() }
        guard let lines else { return follow(from: LogStarts()) }
        search = LastLinesSearch(lines, job, for: nil, of: service) { [unowned self] result in
            switch result {
            case .success(let starts): follow(from: starts)
            case .failure(let error): finish(.failure(error))
            }
        }
        search?.start()
    }

    private func startWatching() {
        watch = service.watch(job.id, for: nil) { [unowned self] report in
            guard case .job(let job) = report else { return }
            self.job = job
            follower?.update(job)
        } ended: { [unowned self] result in
            switch result {
            case .failure(let error): finish(.failure(error))
            case .success where !job.status.isFinal:
                finish(.failure(ServiceError(.brokenOff, detail: "it reports no more changes of the job")))
            case .success: break
            }
        }
    }

    private func follow(from starts: LogStarts) {
        let follower = LogFollower(
            job, for: nil, of: service, to: output, raw: raw, from: starts
        ) { [unowned self] result in finish(result) }
        self.follower = follower
        follower.update(job)
    }

    private func finish(_ result: Result<Void, ServiceError>) {
        guard let ended else { return }
        self.ended = nil
        watch?.cancel()
        follower?.stop()
        let leave = { [flags, descriptor] in
            _ = fcntl(descriptor, F_SETFL, flags)
            ended(result)
        }
        guard !output.isEmpty, !output.isGone else { return leave() }
        output.onDrain = leave
        output.onGone = leave
    }
}
