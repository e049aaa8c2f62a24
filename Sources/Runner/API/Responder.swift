import BuildAPI
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Policy

/// Answers API v1: who asks, for what, and whether they are allowed to.
struct Responder: HTTPResponder {
    let directory: JobDirectory
    let store: any Store
    let people: PeopleDirectory
    let authentication: Authentication
    let terms: TermsOfUse?
    let streams: StreamLimit
    let lists: Turns
    let manifests: Turns
    let archives: Turns
    let logger: Logger

    func respond(to request: Request, context: Context) async throws -> Response {
        let start = ContinuousClock.now
        let response = await RunnerAudit.$session.withValue(Self.session(of: request)) {
            await answerOrRefuse(request, context)
        }
        metrics.answered(request.method, request.uri.path, response.status, since: start)
        return response
    }

    private var metrics: RunnerMetrics { directory.context.metrics }

    private func answerOrRefuse(_ request: Request, _ context: Context) async -> Response {
        do throws(RunnerError) {
            let client = try await authentication.client(of: request, context)
            return try await answer(request, by: client)
        } catch {
            metrics.refused(error)
            if error.code == .failure || error.code == .noSpace {
                logger.error("\(request.method) \(request.uri.path): \(String(reflecting: error))")
            }
            return ProblemAnswer.response(error)
        }
    }

    private func answer(
        _ request: Request, by client: Authentication.Client
    ) async throws(RunnerError) -> Response {
        do throws(RunnerError) {
            return try await answer(request, client)
        } catch {
            if error.isByRule {
                directory.context.audit.refusal(
                    error, of: "\(request.method) \(request.uri.path)",
                    about: Resource(path: request.uri.path)?.job, by: client.name)
            }
            throw error
        }
    }

    private func answer(
        _ request: Request, _ client: Authentication.Client
    ) async throws(RunnerError) -> Response {
        let role = client.role
        guard let resource = Resource(path: request.uri.path) else {
            throw RunnerError(.notFound, "There is no such resource.")
        }
        guard let needed = resource.role(for: request.method.rawValue) else {
            let allowed = resource.methods.map(\.key.rawValue).joined(separator: ", ")
            throw RunnerError(.methodNotAllowed(allowed: allowed), "This resource supports only \(allowed).")
        }
        guard role.includes(needed) else {
            throw RunnerError(.forbidden, "This \(authentication.subject) is not allowed to do that.")
        }
        let query = try Query(request.uri.query)
        switch resource {
        case .keys, .key, .keyConfirmation: return try await answerKeys(resource, request, query, client)
        case .terms, .acceptance: return try await answerTerms(resource, request)
        case .hostAuthority: return try answerHostAuthority()
        case .images: return try json(ImageList(images: directory.context.pools.images))
        case .pools: return try json(PoolList(pools: await directory.poolList))
        case .allocations:
            let overdue = await directory.context.allocations.overdue
            return try json(AllocationList(allocations: overdue))
        case .people, .person, .suspension, .administration, .robot, .membership:
            return try await answerPeople(resource, request, query, by: client)
        case .cancellation, .deadline, .hold, .share, .builder:
            return try json(await change(resource, request, query, role))
        case .session(let id, let session):
            return try json(
                await directory.with(id) { job throws(RunnerError) in
                    try await job.end(session: session, by: client.name)
                })
        case .reruns(let id): return try await rerun(id, request, query, role)
        case .jobs where request.method == .get: return try await listJobs(query, for: client)
        case .jobs: return try await submit(request, query)
        case .job(let id): return try json(await directory.job(id))
        case .events(let id):
            let person = try await requireLook(at: id, query)
            let stream = try streams.begin(for: person?.id, of: client.name)
            let last = request.headers[Self.lastEventID].flatMap { Int($0) }
            return EventAnswer.response(
                try await directory.changes(of: id, after: last, for: person), in: stream, request: request)
        case .log(let id, let name):
            let person = try await requireLook(at: id, query)
            guard let log = try await directory.logs(id)[name] else {
                throw RunnerError(.notFound, "This job has no such log.")
            }
            let stream = try streams.begin(for: person?.id, of: client.name)
            let range = ByteRange(request.headers[.range])
            return try query.flag("follow")
                ? LogAnswer.following(log, in: stream, range: range, request: request)
                : LogAnswer.present(log, in: stream, range: range)
        case .artifacts(let id): return try await answerArtifacts(of: id, query, for: client)
        case .artifact(let id, let name):
            return try await answerArtifact(name, of: id, query, for: client)
        case .claims(let id):
            let wanted = try await decode(ClaimRequest.self, request)
            return try json(await directory.claim(id, wanted), .created)
        case .attachmentLog(let id): return try await receiveLog(ofAttachment: id, request, query)
        case .attachments, .resumption, .attachment, .attachmentHeartbeat, .attachmentExit:
            return try await answerAttachments(resource, request, query)
        case .pairings, .adoption, .pairing, .pairingRenewal:
            return try await answerPairings(resource, request)
        case .heartbeat(let claim): return try json(await directory.heartbeat(claim))
        case .claim(let claim):
            guard let reason = query["reason"].flatMap(Claim.Reason.init) else {
                throw RunnerError(.malformedRequest, "The reason must be logout, done or lost.")
            }
            try await directory.release(claim, reason: reason)
            return Response(status: .noContent)
        }
    }

    /// The gateway's session that asks, if it says so in a way that fits into a record.
    private static func session(of request: Request) -> String? {
        request.headers[sessionField].flatMap { name in
            (1...128).contains(name.utf8.count) && name.utf8.allSatisfy { (0x21...0x7e).contains($0) }
                ? name : nil
        }
    }

    /// The person who is named; throws if they are not allowed to see the job's progress.
    private func requireLook(at id: JobID, _ query: Query) async throws(RunnerError) -> Person? {
        let requester = try await requester(query)
        guard let person = requester.person else { return nil }
        try requester.require(.look, on: try await directory.job(id))
        return person
    }

    private func answerHostAuthority() throws(RunnerError) -> Response {
        guard let authority = directory.context.pools.hostAuthority else {
            throw RunnerError(.notFound, "This service has no authority for the host keys of builders.")
        }
        return try json(
            HostAuthority(key: authority.key, suffixes: directory.settings.suffixes, user: authority.user))
    }

    private static let sessionField = HTTPField.Name(SessionHeader.name)!
    private static let lastEventID = HTTPField.Name("Last-Event-ID")!
}

extension RunnerError {
    /// Whether a rule or a limit refuses what is asked for. Everything else is about what there is, or about the request.
    fileprivate var isByRule: Bool {
        switch code {
        case .forbidden, .suspended, .termsNotAccepted, .sessionEnded, .tooMany, .tooOften: true
        default: false
        }
    }
}
