import AuthorizedKeys
import BuildAPI
import ServiceClient

/// A build service in memory: it answers at once with what a test has put into it, and its streams say what the test
/// lets them say.
final class MemoryService: BuildService {
    /// A log, or the changes of a job, that someone follows.
    final class Stream: ServiceStream {
        let name: String
        /// Of its first byte.
        let offset: Int
        fileprivate(set) var isCancelled = false
        /// How often it has been told to go on.
        fileprivate(set) var resumptions = 0
        private let receive: (UnsafeRawBufferPointer) -> Bool
        private let ended: (Result<Void, ServiceError>) -> Void

        fileprivate init(
            _ name: String, from offset: Int = 0, _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
            _ ended: @escaping (Result<Void, ServiceError>) -> Void
        ) {
            self.name = name
            self.offset = offset
            self.receive = receive
            self.ended = ended
        }

        /// False: not now.
        @discardableResult
        func say(_ text: String) -> Bool { say(Array(text.utf8)) }

        @discardableResult
        func say(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { receive($0) } }

        func end(_ result: Result<Void, ServiceError> = .success(())) { ended(result) }

        func cancel() { isCancelled = true }
        func resume() { resumptions += 1 }
    }

    var keys: [String: Key] = [:]
    /// What is answered to questions about keys; nil: the key.
    var keyFailure: ServiceError?
    var jobs: [JobID: Job] = [:]
    /// What is answered to questions about jobs; nil: the job.
    var jobFailure: ServiceError?
    /// With what the next page of jobs would be asked for; nil: there is none.
    var nextPage: String?
    /// The lists of jobs that people asked for, live ones or all.
    private(set) var lists: [(live: Bool, page: PageRequest)] = []
    /// What is answered to each request for a claim.
    var claim: Result<Claim, ServiceError> = .failure(ServiceError(.notReady, detail: "in a test"))
    var heartbeat: Result<Claim, ServiceError>?
    var hasLeases = true
    /// All that has been asked for, one word each.
    private(set) var requests: [String] = []
    /// What was said of the jobs that were submitted.
    private(set) var submissions: [SubmissionOptions] = []
    private(set) var reruns: [NewRerun] = []
    /// What is answered to submissions of a manifest; nil: they are not offered.
    var submitted: Job?
    /// What is being submitted, and never answered.
    private(set) var source: (any ByteSource)?
    /// The last watch of a job, and what it reports.
    private(set) var events: Stream?
    private(set) var report: (JobReport) -> Void = { _ in }
    /// The logs that have been opened, in their order.
    private(set) var logs: [Stream] = []
    /// What the logs have so far.
    var texts: [String: String] = [:]
    private(set) var releases: [Claim.Reason] = []
    var offersSelfService = false
    /// Nil: it does not offer a list of them.
    var images: [Image]?
    /// The same.
    var pools: [BuilderPool]?
    /// Nil: `refusal` or, without one, it does not offer a list of them.
    var listedKeys: [Key]?
    /// What is answered to someone who adds or confirms a key; nil: `refusal`.
    var addedKey: Key?
    /// The keys that were confirmed, and the words.
    private(set) var confirmations: [(fingerprint: String, word: String)] = []
    /// The changes of jobs that people asked for.
    private(set) var actions: [JobAction] = []
    /// What is answered to them; nil: the job.
    var refusal: ServiceError?

    func log(_ name: String) -> Stream? { logs.last { $0.name == name } }

    func key(_ key: PublicKey, _ answer: @escaping (Result<Key?, ServiceError>) -> Void) {
        requests.append("key")
        answer(keyFailure.map { .failure($0) } ?? .success(keys[key.fingerprint]))
    }

    func job(_ job: JobID, _ answer: @escaping (Result<Job?, ServiceError>) -> Void) {
        requests.append("job")
        answer(jobFailure.map { .failure($0) } ?? .success(jobs[job]))
    }

    func liveJobs(
        of person: Person, shared: Bool, _ answer: @escaping (Result<JobList, ServiceError>) -> Void
    ) {
        requests.append("liveJobs")
        let live = jobs.values.filter { job in
            job.owner.isSame(as: person) || shared && job.shares.contains { $0.isSame(as: person) }
        }
        answer(.success(JobList(jobs: live, next: nextPage)))
    }

    var announcesChanges: Bool { true }

    func watch(
        _ job: JobID, for person: Person?, _ report: @escaping (JobReport) -> Void,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream {
        requests.append("watch")
        self.report = report
        let stream = Stream("events", { _ in true }, ended)
        events = stream
        return stream
    }

    func lastLines(
        _ count: Int, of log: String, of job: Job, for person: Person?,
        _ answer: @escaping (Result<LastLines, ServiceError>) -> Void
    ) {
        requests.append("lastLines")
        if let refusal { return answer(.failure(refusal)) }
        var scan = LastLinesScan(count)
        Array((texts[log] ?? "").utf8).withUnsafeBytes { scan.read($0) }
        answer(.success(scan.result(from: 0)!))
    }

    func followLog(
        _ log: String, of job: Job, for person: Person?, from offset: Int,
        _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream {
        let stream = Stream(log, from: offset, receive, ended)
        logs.append(stream)
        return stream
    }

    func hasLog(_ job: Job, for person: Person, _ answer: @escaping (Bool) -> Void) { answer(true) }

    func claim(
        _ job: JobID, _ request: ClaimRequest, _ answer: @escaping (Result<Claim, ServiceError>) -> Void
    ) {
        requests.append("claim")
        answer(claim)
    }

    func heartbeat(_ claim: Claim, _ answer: @escaping (Result<Claim, ServiceError>) -> Void) {
        requests.append("heartbeat")
        answer(heartbeat ?? .success(claim))
    }

    func release(
        _ claim: Claim, reason: Claim.Reason, _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        requests.append("release")
        releases.append(reason)
        answer(.success(()))
    }

    var hostKeyPins: (any HostKeyPins)? { nil }

    func hostAuthority(_ answer: @escaping (Result<HostAuthority?, ServiceError>) -> Void) {
        answer(.success(nil))
    }

    var selfService: (any SelfService)? { offersSelfService ? self : nil }

    /// What machines that dial out ask for, and hear; nil: it is not offered.
    var machines: MemoryAttachments?
    var attachments: (any AttachmentService)? { machines }
    /// The same for machines that are nobody's.
    var waiting: MemoryPairings?
    var pairings: (any PairingService)? { waiting }

    /// What is answered to questions about artifacts; nil: it keeps none.
    var artifactList: Result<ArtifactList, ServiceError>?
    var artifacts: (any ArtifactService)? { artifactList.map { _ in self } }
    /// The contents that have been asked for: a name, or `tar`.
    private(set) var contents: [Stream] = []
}

extension MemoryService: ArtifactService {
    func artifacts(
        of job: JobID, for person: Person, _ answer: @escaping (Result<ArtifactList, ServiceError>) -> Void
    ) {
        requests.append("artifacts")
        answer(artifactList!)
    }

    func readArtifact(
        _ name: String?, of job: JobID, for person: Person,
        _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream {
        let stream = Stream(name ?? "tar", receive, ended)
        contents.append(stream)
        return stream
    }
}

/// Only what sessions on a builder need.
extension MemoryService: SelfService {
    func perform(
        _ action: JobAction, on job: JobID, for person: Person?,
        _ answer: @escaping (Result<Job, ServiceError>) -> Void
    ) {
        actions.append(action)
        answer(refusal.map { .failure($0) } ?? .success(jobs[job]!))
    }

    private static let notOffered = ServiceError(.notOffered, detail: "in a test")

    func jobs(
        owner: String?, live: Bool, shared: Bool, page: PageRequest,
        _ answer: @escaping (Result<JobList, ServiceError>) -> Void
    ) {
        lists.append((live, page))
        answer(refusal.map { .failure($0) } ?? .success(JobList(jobs: Array(jobs.values), next: nextPage)))
    }

    func images(_ answer: @escaping (Result<[Image], ServiceError>) -> Void) {
        answer(images.map { .success($0) } ?? .failure(Self.notOffered))
    }

    func pools(_ answer: @escaping (Result<PoolList, ServiceError>) -> Void) {
        requests.append("pools")
        answer(pools.map { .success(PoolList(pools: $0)) } ?? .failure(refusal ?? Self.notOffered))
    }

    func submit(
        manifest: [UInt8], _ options: SubmissionOptions,
        _ answer: @escaping (Result<Job, ServiceError>) -> Void
    ) {
        requests.append("submit")
        submissions.append(options)
        answer(submitted.map { .success($0) } ?? .failure(Self.notOffered))
    }

    func submit(
        source: any ByteSource, manifest: String?, _ options: SubmissionOptions,
        _ answer: @escaping (Result<Job, ServiceError>) -> Void
    ) {
        requests.append("submit")
        submissions.append(options)
        self.source = source
    }

    func rerun(
        _ job: JobID, _ wish: NewRerun, for person: Person,
        _ answer: @escaping (Result<Job, ServiceError>) -> Void
    ) {
        requests.append("rerun")
        reruns.append(wish)
        answer(submitted.map { .success($0) } ?? .failure(refusal ?? Self.notOffered))
    }

    func keys(owner: String, _ answer: @escaping (Result<KeyList, ServiceError>) -> Void) {
        answer(listedKeys.map { .success(KeyList(keys: $0)) } ?? .failure(refusal ?? Self.notOffered))
    }

    func add(
        _ key: NewKey, with session: String?, _ answer: @escaping (Result<Key, ServiceError>) -> Void
    ) {
        requests.append("add")
        answer(addedKey.map { .success($0) } ?? .failure(refusal ?? Self.notOffered))
    }

    func confirmKey(
        _ fingerprint: String, _ confirmation: KeyConfirmation,
        _ answer: @escaping (Result<Key, ServiceError>) -> Void
    ) {
        confirmations.append((fingerprint, confirmation.word))
        answer(addedKey.map { .success($0) } ?? .failure(refusal ?? Self.notOffered))
    }

    func removeKey(
        _ fingerprint: String, owner: String?, _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) { answer(.failure(Self.notOffered)) }

    func terms(_ answer: @escaping (Result<TermsOfUse?, ServiceError>) -> Void) {
        answer(.failure(Self.notOffered))
    }

    func accept(
        _ terms: TermsOfUse, by person: Person, _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) { answer(.failure(Self.notOffered)) }
}
