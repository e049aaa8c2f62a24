public import AuthorizedKeys
public import BuildAPI
public import EventLoop
import FoundationEssentials

/// A build service that speaks API v1, such as sallyport-runner.
public final class SallyportService: BuildService, SelfService {
    private let client: HTTPClient
    private let loop: EventLoop

    public init(_ endpoint: Endpoint, over transport: Transport = Transport(), on loop: EventLoop) {
        client = HTTPClient(endpoint, over: transport, on: loop)
        self.loop = loop
    }

    // MARK: Requests of a gateway

    public var hostKeyPins: (any HostKeyPins)? { nil }
    public var selfService: (any SelfService)? { self }
    public var announcesChanges: Bool { true }
    public var hasLeases: Bool { true }

    public func key(_ key: PublicKey, _ answer: @escaping (Result<Key?, ServiceError>) -> Void) {
        self.key(withFingerprint: key.fingerprint, answer)
    }

    /// - Parameter fingerprint: `SHA256:` and base64.
    public func key(
        withFingerprint fingerprint: String, _ answer: @escaping (Result<Key?, ServiceError>) -> Void
    ) {
        let request = HTTPRequest(path: Key.requestTarget(fingerprint: fingerprint), about: .key)
        send(request) { answer(Self.absentAsNil($0)) }
    }

    public func job(_ job: JobID, _ answer: @escaping (Result<Job?, ServiceError>) -> Void) {
        send(HTTPRequest(path: "/v1/jobs/\(job)", about: .job)) { answer(Self.absentAsNil($0)) }
    }

    public func liveJobs(
        of person: Person, shared: Bool, _ answer: @escaping (Result<JobList, ServiceError>) -> Void
    ) {
        jobs(owner: person.id, live: true, shared: shared, page: PageRequest(), answer)
    }

    public func watch(
        _ job: JobID, for person: Person?, _ report: @escaping (JobReport) -> Void,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream {
        var parser = EventStreamParser()
        var identifier: String?
        var isResumed = false
        return ResumingStream(client, on: loop, pulse: .regular) {
            if isResumed { report(.interrupted) }
            isResumed = true
            identifier = parser.lastEventID ?? identifier
            parser = EventStreamParser()
            return HTTPRequest(
                path: Self.path("/v1/jobs/\(job)/events", Self.asked(by: person)), about: .events,
                headers: identifier.map { ["Last-Event-ID: \($0)"] } ?? [],
                expects: MediaType.events, timeout: nil)
        } receive: { bytes throws(ServiceError) in
            report(.alive)
            for event in parser.parse(bytes) {
                // Unknown events are from a later version; every event of this version carries the whole job.
                guard let told = try? JSON.decode(Job.self, from: Data(event.data)) else { continue }
                guard told.id == job else {
                    throw ServiceError(.malformedAnswer, detail: "an event of job \(told.id), not \(job)")
                }
                report(.job(told))
                if event.event == "person" { report(.person) }
            }
            guard !parser.isBroken else {
                throw ServiceError(.malformedAnswer, detail: "an event of more than 1 MB")
            }
            return true
        } ended: {
            ended($0)
        }
    }

    private static func path(
        of log: String, of job: Job, for person: Person?, _ more: [String] = []
    ) -> String {
        let name = LogName.inRequest(log, of: job.tasks).percentEncoded
        return path("/v1/jobs/\(job.id)/logs/\(name)", asked(by: person) + more)
    }

    /// The parameter that names the person for whom a request is.
    private static func asked(by person: Person?) -> [String] {
        person.map { ["person=\($0.id.percentEncoded)"] } ?? []
    }

    public func lastLines(
        _ count: Int, of log: String, of job: Job, for person: Person?,
        _ answer: @escaping (Result<LastLines, ServiceError>) -> Void
    ) {
        client.lastLines(
            count, at: Self.path(of: log, of: job, for: person), size: LastLines.guess(for: count), answer)
    }

    public func followLog(
        _ log: String, of job: Job, for person: Person?, from offset: Int,
        _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream {
        var offset = offset
        let path = Self.path(of: log, of: job, for: person, ["follow=true"])
        return ResumingStream(client, on: loop, pulse: .none) {
            var request = HTTPRequest(
                path: path, about: .log, timeout: nil)
            request.firstByte = offset
            return request
        } receive: { bytes in
            guard receive(bytes) else { return false }
            offset += bytes.count
            return true
        } ended: {
            ended($0)
        }
    }

    public func hasLog(_ job: Job, for person: Person, _ answer: @escaping (Bool) -> Void) {
        let path = Self.path(of: LogName.job, of: job, for: person)
        client.sendPatiently(HTTPRequest(path: path, about: .log, headers: ["Range: bytes=0-0"])) { result in
            // An empty log has no first byte: 416.
            if case .success(let response) = result {
                return answer(![404, 405, 501].contains(response.status))
            }
            answer(true)
        }
    }

    public func claim(
        _ job: JobID, _ request: ClaimRequest, _ answer: @escaping (Result<Claim, ServiceError>) -> Void
    ) {
        // With `proxy` the service answers when the builder accepts the person's key.
        let timeout = Duration.seconds(request.kind == .proxy ? 20 : 10)
        send(
            HTTPRequest(method: "POST", path: "/v1/jobs/\(job)/claims", about: .claim, timeout: timeout),
            body: request
        ) { (result: Result<Claim, ServiceError>) in
            // Its host keys identify the builder, so nothing else would reveal that it is another job's.
            answer(
                result.flatMap { claim in
                    claim.job == job
                        ? .success(claim)
                        : .failure(
                            ServiceError(
                                .malformedAnswer, detail: "a claim of job \(claim.job), not \(job)"))
                })
        }
    }

    public func hostAuthority(_ answer: @escaping (Result<HostAuthority?, ServiceError>) -> Void) {
        send(HTTPRequest(path: "/v1/host-authority", about: .optional)) { answer(Self.absentAsNil($0)) }
    }

    public func heartbeat(_ claim: Claim, _ answer: @escaping (Result<Claim, ServiceError>) -> Void) {
        let path = "/v1/claims/\(claim.id.percentEncoded)/heartbeat"
        send(HTTPRequest(method: "POST", path: path, about: .standingClaim), answer)
    }

    public func release(
        _ claim: Claim, reason: Claim.Reason, _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        let path = "/v1/claims/\(claim.id.percentEncoded)?reason=\(reason.rawValue)"
        let request = HTTPRequest(
            method: "DELETE", path: path, about: .endOfClaim, timeout: .seconds(3))
        sendWithoutAnswer(request) { result in
            // Without this request, a service waits for the end of the lease.
            if case .failure(let error) = result,
                [.claimEnded, .sessionEnded, .notOffered].contains(error.code)
            {
                answer(.success(()))
            } else {
                answer(result)
            }
        }
    }

    // MARK: Requests of people and operators

    public func keys(owner: String, _ answer: @escaping (Result<KeyList, ServiceError>) -> Void) {
        keys(owner: owner, page: PageRequest(), answer)
    }

    /// - Parameter owner: a person's name or id; nil, for operators only: everyone's keys.
    public func keys(
        owner: String?, page: PageRequest, _ answer: @escaping (Result<KeyList, ServiceError>) -> Void
    ) {
        var parameters = [Key.knownLimits]
        if let owner { parameters.append("owner=\(owner.percentEncoded)") }
        let path = Self.path("/v1/keys", parameters + page.parameters)
        send(HTTPRequest(path: path, about: .optional), answer)
    }

    public func add(
        _ key: NewKey, with session: String?, _ answer: @escaping (Result<Key, ServiceError>) -> Void
    ) {
        let path = "/v1/keys?\(Key.knownLimits)" + Self.key(session)
        send(HTTPRequest(method: "POST", path: path, about: .optional), body: key, answer)
    }

    public func confirmKey(
        _ fingerprint: String, _ confirmation: KeyConfirmation,
        _ answer: @escaping (Result<Key, ServiceError>) -> Void
    ) {
        let path = "/v1/keys/\(fingerprint.percentEncoded)/confirmation"
        send(HTTPRequest(method: "POST", path: path, about: .keyOfPerson), body: confirmation, answer)
    }

    public func removeKey(
        _ fingerprint: String, owner: String?, _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        let query = owner.map { "?owner=\($0.percentEncoded)" } ?? ""
        sendWithoutAnswer(
            HTTPRequest(
                method: "DELETE", path: "/v1/keys/\(fingerprint.percentEncoded)\(query)",
                about: .keyOfPerson), answer)
    }

    public func images(_ answer: @escaping (Result<[Image], ServiceError>) -> Void) {
        send(HTTPRequest(path: "/v1/images", about: .optional)) { (result: Result<ImageList, ServiceError>) in
            answer(result.map(\.images))
        }
    }

    public func pools(_ answer: @escaping (Result<PoolList, ServiceError>) -> Void) {
        send(HTTPRequest(path: "/v1/pools", about: .optional), answer)
    }

    public func jobs(
        owner: String?, live: Bool, shared: Bool, page: PageRequest,
        _ answer: @escaping (Result<JobList, ServiceError>) -> Void
    ) {
        var parameters: [String] = []
        if let owner { parameters.append("owner=\(owner.percentEncoded)") }
        if live { parameters.append("live=true") }
        if shared { parameters.append("shared=true") }
        let path = Self.path("/v1/jobs", parameters + page.parameters)
        send(HTTPRequest(path: path, about: .optional), answer)
    }

    static func path(_ path: String, _ parameters: [String]) -> String {
        parameters.isEmpty ? path : path + "?" + parameters.joined(separator: "&")
    }

    public func submit(
        manifest: [UInt8], _ options: SubmissionOptions,
        _ answer: @escaping (Result<Job, ServiceError>) -> Void
    ) {
        let request = HTTPRequest(
            method: "POST", path: Self.path(options), about: .optional,
            headers: ["Content-Type: application/yaml"], body: manifest)
        send(request, answer)
    }

    public func submit(
        source: any ByteSource, manifest: String?, _ options: SubmissionOptions,
        _ answer: @escaping (Result<Job, ServiceError>) -> Void
    ) {
        let manifest = manifest.map { "&manifest=\($0.percentEncoded)" } ?? ""
        // It takes as long as the person takes to send it. The service may end it if it pauses.
        var request = HTTPRequest(
            method: "POST", path: Self.path(options) + manifest, about: .optional,
            headers: ["Content-Type: application/x-tar"], timeout: nil)
        request.upload = source
        send(request, answer)
    }

    private static func path(_ options: SubmissionOptions) -> String {
        "/v1/jobs?owner=\(options.submitter.percentEncoded)&visibility=\(options.visibility.rawValue)"
            + key(options.session) + (options.group.map { "&group=\($0.name.percentEncoded)" } ?? "")
            + (options.note.map { "&note=\($0.percentEncoded)" } ?? "")
            + (options.keep.map { "&keep=\($0.rawValue)" } ?? "")
            + (options.pool.map { "&pool=\($0.percentEncoded)" } ?? "")
            + (options.arch.map { "&arch=\($0)" } ?? "")
    }

    /// The parameter that names the key with which a person has logged in.
    private static func key(_ fingerprint: String?) -> String {
        fingerprint.map { "&key=\($0.percentEncoded)" } ?? ""
    }

    public func rerun(
        _ job: JobID, _ wish: NewRerun, for person: Person,
        _ answer: @escaping (Result<Job, ServiceError>) -> Void
    ) {
        let path = "/v1/jobs/\(job)/reruns?person=\(person.id.percentEncoded)"
        send(HTTPRequest(method: "POST", path: path, about: .optional), body: wish, answer)
    }

    public func perform(
        _ action: JobAction, on job: JobID, for person: Person?,
        _ answer: @escaping (Result<Job, ServiceError>) -> Void
    ) {
        func request(_ method: String, _ part: String) -> HTTPRequest {
            HTTPRequest(
                method: method, path: Self.path("/v1/jobs/\(job)/\(part)", Self.asked(by: person)),
                about: .optional)
        }
        switch action {
        case .extend(let until): send(request("PUT", "deadline"), body: NewDeadline(until: until), answer)
        case .hold: send(request("PUT", "hold"), answer)
        case .unhold: send(request("DELETE", "hold"), answer)
        case .share(let name): send(request("PUT", "shares/\(name.percentEncoded)"), answer)
        case .unshare(let name): send(request("DELETE", "shares/\(name.percentEncoded)"), answer)
        case .releaseBuilder: send(request("DELETE", "builder"), answer)
        case .cancel: send(request("POST", "cancel"), answer)
        }
    }

    public func terms(_ answer: @escaping (Result<TermsOfUse?, ServiceError>) -> Void) {
        send(HTTPRequest(path: "/v1/terms", about: .optional)) { answer(Self.absentAsNil($0)) }
    }

    public func accept(
        _ terms: TermsOfUse, by person: Person, _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        let path = "/v1/terms/\(terms.version.percentEncoded)/acceptances/\(person.id.percentEncoded)"
        sendWithoutAnswer(HTTPRequest(method: "PUT", path: path, about: .acceptance), answer)
    }

    /// What the service's clock says, in seconds since 1970; nil: its answers have no date.
    package func clock(_ answer: @escaping (Result<Int64?, ServiceError>) -> Void) {
        var request = HTTPRequest(path: "/v1/pools", about: .optional)
        request.wantsDate = true
        client.sendPatiently(request) { answer($0.map(\.date)) }
    }

    /// Waits for one answer: for programs that do one thing at a time.
    ///
    ///     let images = try service.wait { service.images($0) }
    public func wait<Value>(
        for call: (@escaping (Result<Value, ServiceError>) -> Void) -> Void
    ) throws(ServiceError) -> Value {
        var answer: Result<Value, ServiceError>?
        call { [loop] result in
            answer = result
            loop.stop()
        }
        while answer == nil { loop.run() }
        switch answer! {
        case .success(let value): return value
        case .failure(let error): throw error
        }
    }

    // MARK: Exchanges

    func send<Answer: Decodable>(
        _ request: HTTPRequest, body: some Encodable,
        _ answer: @escaping (Result<Answer, ServiceError>) -> Void
    ) {
        var request = request
        request.headers.append("Content-Type: application/json")
        do {
            request.body = try Array(JSON.encode(body))
        } catch {
            loop.timer(after: .zero) { answer(.failure(ServiceError(.malformedAnswer, detail: "\(error)"))) }
            return
        }
        send(request, answer)
    }

    func send<Answer: Decodable>(
        _ request: HTTPRequest, _ answer: @escaping (Result<Answer, ServiceError>) -> Void
    ) {
        var request = request
        request.expects = MediaType.json
        sendForBytes(request) { [request] result in
            answer(
                result.flatMap { body in
                    do {
                        return .success(try JSON.decode(Answer.self, from: Data(body)))
                    } catch {
                        return .failure(
                            ServiceError(
                                .malformedAnswer,
                                detail: "the answer to \(request.method) \(request.path): "
                                    + JSON.complaint(about: error)))
                    }
                })
        }
    }

    /// The body of an answer, as it comes.
    func readOnce(
        _ request: HTTPRequest, _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream {
        SingleStream(request, client, receive: receive, ended: ended)
    }

    func sendWithoutAnswer(
        _ request: HTTPRequest, _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        sendForBytes(request) { answer($0.map { _ in }) }
    }

    private func sendForBytes(
        _ request: HTTPRequest, _ answer: @escaping (Result<[UInt8], ServiceError>) -> Void
    ) {
        client.sendPatiently(request) { result in
            answer(
                result.flatMap { response in
                    response.isSuccess
                        ? .success(response.body)
                        : .failure(ServiceError(response, about: request.subject))
                })
        }
    }

    private static func absentAsNil<Value>(_ result: Result<Value, ServiceError>) -> Result<
        Value?, ServiceError
    > {
        switch result {
        case .success(let value): .success(value)
        case .failure(let error)
        where [.noSuchKey, .noSuchJob, .notOffered].contains(error.code):
            .success(nil)
        case .failure(let error): .failure(error)
        }
    }
}
