public import AuthorizedKeys
public import BuildAPI
package import EventLoop
import FoundationEssentials
public import ServiceClient

/// The unmodified worker of builds.sr.ht, and meta.sr.ht for the keys.
///
/// The worker has no list of jobs, no events, no leases and no host keys, and cannot be told that everyone has
/// left. This type adds what is missing: it polls jobs, counts sessions (``SessionFiles``), pins host keys when
/// they are first seen (``PinnedHostKeys``), and recognises builders that are gone (``BuilderLife``).
public final class SourcehutService: BuildService {
    public struct Settings {
        public var worker: Endpoint
        public var meta: Endpoint
        /// The worker's folder of logs, if the gateway can read it; nil: they are read over HTTP.
        public var logs: String?
        /// The folder of ``SessionFiles``.
        public var sessions: String

        public init(worker: Endpoint, meta: Endpoint, logs: String?, sessions: String) {
            self.worker = worker
            self.meta = meta
            self.logs = logs
            self.sessions = sessions
        }
    }

    static let pollInterval = Duration.seconds(2)
    /// Three heartbeats, each of which asks about the job.
    static let lease: UInt32 = 6
    /// How long a session waits while the builder is being ended.
    static let endingTimeout = Duration.seconds(10)

    let loop: EventLoop
    let worker: HTTPClient
    private let meta: HTTPClient
    private let logs: any WorkerLogs
    let files: SessionFiles
    private let pins: PinnedHostKeys
    private var news: [JobID: JobNews] = [:]
    /// The pins at the first request about a job, because a builder's identity must not change later.
    private var hostKeys: [JobID: [String]] = [:]
    /// By the id of the claim.
    var inside: [String: Inside] = [:]

    /// - Parameter witness: notes what the two services are asked; nil: nobody does.
    package init(_ settings: Settings, witness: HTTPWitness? = nil, on loop: EventLoop) {
        self.loop = loop
        var transport = Transport()
        transport.witness = witness
        worker = HTTPClient(settings.worker, over: transport, on: loop)
        meta = HTTPClient(settings.meta, over: transport, on: loop)
        logs = settings.logs.map { LocalLogs(folder: $0, on: loop) } ?? RemoteLogs(worker, on: loop)
        files = SessionFiles(folder: settings.sessions)
        pins = PinnedHostKeys(folder: settings.sessions)
    }

    public var hostKeyPins: (any HostKeyPins)? { pins }
    public var selfService: (any SelfService)? { nil }
    public var announcesChanges: Bool { false }
    public var hasLeases: Bool { false }

    public func key(_ key: PublicKey, _ answer: @escaping (Result<Key?, ServiceError>) -> Void) {
        let request = HTTPRequest(path: "/api/ssh-key/\(key.base64.percentEncoded)")
        meta.send(request) { result in
            answer(
                Self.body(of: result).flatMap { body in
                    guard let body else { return .success(nil) }
                    guard let found = try? JSON.decode(MetaKey.self, from: Data(body)) else {
                        return .failure(ServiceError(.malformedAnswer, detail: "GET /api/ssh-key: no key"))
                    }
                    do throws(ServiceError) {
                        return .success(try found.checked(against: key))
                    } catch {
                        return .failure(error)
                    }
                })
        }
    }

    public func job(_ job: JobID, _ answer: @escaping (Result<Job?, ServiceError>) -> Void) {
        describe(job) { [weak self] result in
            guard case .success((_, var found)?) = result, let self else {
                answer(result.map { $0?.job })
                return
            }
            self.logs.tasks(of: job) { [weak self] names in
                guard let self else { return }
                found.tasks = Self.tasks(names, found.status)
                self.news(of: job).publish(found)
                answer(.success(found))
            }
        }
    }

    public func liveJobs(
        of person: Person, shared: Bool, _ answer: @escaping (Result<JobList, ServiceError>) -> Void
    ) {
        loop.timer(after: .zero) {
            answer(.failure(ServiceError(.notOffered, detail: "the worker has no list of jobs")))
        }
    }

    public func hostAuthority(_ answer: @escaping (Result<HostAuthority?, ServiceError>) -> Void) {
        loop.timer(after: .zero) { answer(.success(nil)) }
    }

    public func watch(
        _ job: JobID, for person: Person?, _ report: @escaping (JobReport) -> Void,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream {
        let poll = JobPoll(
            news(of: job), on: loop, asking: { [weak self] in self?.job(job, $0) }, report, ended: ended)
        return TaskWatch(poll, logs, job)
    }

    public func lastLines(
        _ count: Int, of log: String, of job: Job, for person: Person?,
        _ answer: @escaping (Result<LastLines, ServiceError>) -> Void
    ) {
        logs.lastLines(count, of: log, of: job.id, answer)
    }

    public func hasLog(_ job: Job, for person: Person, _ answer: @escaping (Bool) -> Void) {
        answer(true)
    }

    public func followLog(
        _ log: String, of job: Job, for person: Person?, from offset: Int,
        _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream {
        logs.follow(log, of: news(of: job.id), from: offset, receive, ended: ended)
    }

    // MARK: Answers of the worker

    /// The job, and the worker's answer; the tasks are the known ones.
    func describe(
        _ job: JobID, _ answer: @escaping (Result<(info: WorkerInfo, job: Job)?, ServiceError>) -> Void
    ) {
        guard Self.isNumber(job) else {
            loop.timer(after: .zero) { answer(.success(nil)) }
            return
        }
        worker.send(HTTPRequest(path: "/job/\(job)/info")) { [weak self] result in
            guard let self else { return }
            let info: WorkerInfo
            do throws(ServiceError) {
                guard let body = try Self.body(of: result).get() else { return answer(.success(nil)) }
                info = try WorkerInfo.read(body)
            } catch {
                return answer(.failure(error))
            }
            guard BuilderLife.dependsOnLog(info, at: .now) else {
                return answer(.success((info, self.job(job, info, nil))))
            }
            self.logs.end(of: job) { [weak self] end in
                guard let self else { return }
                answer(.success((info, self.job(job, info, end))))
            }
        }
    }

    private func job(_ id: JobID, _ info: WorkerInfo, _ end: LogEnd?) -> Job {
        let life = BuilderLife(
            logEnd: end, isClaimed: files.isClaimed(id), isTerminated: files.isEnded(id))
        let now = Date.now
        let status = BuilderLife.status(of: info, at: now)
        let builder = life.state(of: info, at: now).map { state in
            Job.Builder(
                state: state, endpoint: .address("127.0.0.1", port: info.port), user: "build",
                hostKeys: knownHostKeys(of: id), keptUntil: state == .kept ? life.keptUntil(info) : nil)
        }
        return Job(
            id: id, owner: .person(info.owner), note: info.note, status: status,
            deadline: info.deadline, tasks: Self.tasks(news[id]?.job?.tasks.map(\.name) ?? [], status),
            builder: builder)
    }

    /// The worker's ids are numbers, and each job has only one id: with 042 for 42, sessions would be counted
    /// separately.
    static func isNumber(_ job: JobID) -> Bool {
        Int64(job.description).map { "\($0)" == job.description } ?? false
    }

    private func knownHostKeys(of job: JobID) -> [String] {
        if let known = hostKeys[job] { return known }
        let known = pins.pin(of: job).map { [$0] } ?? []
        hostKeys[job] = known
        return known
    }

    private func news(of job: JobID) -> JobNews {
        if let news = news[job] { return news }
        let new = JobNews(job)
        news[job] = new
        return new
    }

    /// Tasks run one after the other, until one fails.
    static func tasks(_ names: [String], _ status: Job.Status) -> [Job.Task] {
        names.enumerated().map { index, name in
            guard index == names.count - 1 else { return Job.Task(name: name, status: .success) }
            switch status {
            case .success: return Job.Task(name: name, status: .success)
            case .pending, .queued, .running: return Job.Task(name: name, status: .running)
            case .failed, .timeout, .cancelled: return Job.Task(name: name, status: .failed)
            }
        }
    }

    /// The body of a successful answer; nil: not found. Errors are plain text.
    static func body(of result: Result<HTTPResponse, ServiceError>) -> Result<[UInt8]?, ServiceError> {
        result.flatMap { response in
            switch response.status {
            case 200..<300: .success(response.body)
            case 404: .success(nil)
            default: .failure(ServiceError(response, about: .other))
            }
        }
    }
}

/// A poll that notices new tasks at once.
private final class TaskWatch: ServiceStream {
    private let poll: JobPoll
    private var watch: FolderWatch?

    init(_ poll: JobPoll, _ logs: any WorkerLogs, _ job: JobID) {
        self.poll = poll
        watch = logs.watch(job) { [weak poll, weak logs] in
            logs?.tasks(of: job) { poll?.update(tasks: SourcehutService.tasks($0, .running)) }
        }
    }

    func cancel() {
        watch = nil
        poll.cancel()
    }

    func resume() {}
}
