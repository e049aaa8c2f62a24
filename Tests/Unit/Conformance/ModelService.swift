import AuthorizedKeys
import BuildAPI
import Foundation

@testable import Conformance

/// A build service in memory that conforms to API v1, except for one fault.
///
/// A job waits until someone reads its events, then fails at once, and keeps a builder that nobody can log in to.
struct ModelService {
    struct Request {
        var method: String
        /// Percent-decoded, after `/v1`.
        var path: [String]
        var query: [String: String]
        var headers: [String: String]
        var body: Data

        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:]
        }
    }

    struct Reply {
        var status: Int
        var type = "application/json"
        var headers: [String: String] = [:]
        var body = Data()
        /// The connection ends before the body does.
        var isCut = false
    }

    struct Promise {
        var claim: Claim
        var session: String
        var person: Person
        var expires: Date
    }

    static let tokens = ["operator": 3, "gateway": 2, "keys": 1]
    static let log = Array("one line of a log\n".utf8)

    /// Its fault.
    let fault: Check?
    /// Seconds.
    let lease: UInt32
    /// Whether it leaves out most of what it can leave out.
    var isBrief = false
    /// Whether its builders are reached through a Unix socket.
    var hasSockets = false
    private(set) var keys: [Key] = []
    private(set) var pending: [Key] = []
    private var people: [String] = []
    private(set) var jobs: [Job] = []
    private(set) var claims: [Promise] = []
    private var claimCount = 0
    /// Those that machines have now.
    var attachments: [Attachment] = []
    var attachmentCount = 0
    /// Those that are nobody's, or were.
    var pairings: [(pairing: Pairing, machine: NewAttachment)] = []

    init(fault: Check? = nil, lease: UInt32 = 60) {
        self.fault = fault
        self.lease = lease
    }

    mutating func answer(_ request: Request) -> Reply {
        expire()
        let token = request.headers["authorization"]?.split(separator: " ").last.map(String.init) ?? ""
        let role = Self.tokens[token] ?? 0
        guard role > 0 || fault == .rolesNobody else { return problem(401) }
        let isKey = request.path.first == "keys"
        let isLookUp = isKey && request.path.count == 2 && request.method == "GET"
        // What a gateway can do about the keys of one person.
        let isPersonal =
            request.query["limits"] == "confirm" || request.path.last == "confirmation"
            || request.method == "DELETE" && request.query["owner"] != nil
        let needed = isLookUp ? 1 : isKey && !isPersonal ? 3 : 2
        let isLax =
            switch fault {
            case .rolesNobody: role == 0
            case .rolesGateway: role == 2
            case .rolesKeys: role == 1
            default: false
            }
        guard role >= needed || isLax else { return problem(403) }
        switch (request.method, request.path.first, request.path.count) {
        case (_, "keys", _): return answerKeys(request)
        case ("GET", "jobs", 1): return list(request)
        case ("POST", "jobs", 1): return submit(request)
        case (_, "jobs", _): return answerJob(request)
        case (_, "claims", _): return answerClaim(request)
        case (_, "pairings", _): return answerPairing(request)
        case (_, "attachments", _): return answerAttachment(request)
        case ("GET", "pools", 1): return listPools()
        default: return problem(404)
        }
    }

    private func listPools() -> Reply {
        let pool = BuilderPool(name: "local", arch: ["x86_64"], max: 2, free: fault == .poolsList ? 3 : 1)
        return json(PoolList(pools: [pool]))
    }

    func problem(_ status: Int, _ more: [String: Any] = [:]) -> Reply {
        var members: [String: Any] = ["type": "about:blank", "title": "No", "status": status]
        members.merge(more) { $1 }
        let type = fault == .answersProblem && status == 404 ? "text/html" : "application/problem+json"
        return Reply(status: status, type: type, body: data(members))
    }

    func json(
        _ value: some Encodable, _ status: Int = 200, but change: (inout [String: Any]) -> Void = { _ in }
    )
        -> Reply
    {
        let encoded = (try? JSON.encode(value)) ?? Data()
        var members = (try? JSONSerialization.jsonObject(with: encoded)) as? [String: Any] ?? [:]
        change(&members)
        if isBrief { leaveOut(&members) }
        return Reply(status: status, body: data(members))
    }

    private func leaveOut(_ members: inout [String: Any]) {
        for name in [
            "type", "key", "comment", "administrator", "visibility", "created", "held", "shares", "shell",
            "kind",
        ] { members[name] = nil }
        for (name, optional) in [("builder", "port"), ("owner", "name")] {
            members[name] = (members[name] as? [String: Any])?.filter { $0.key != optional }
        }
    }

    private func data(_ members: [String: Any]) -> Data {
        (try? JSONSerialization.data(withJSONObject: members, options: .sortedKeys)) ?? Data()
    }

    /// Nil: the request is malformed.
    ///
    /// - Parameter fault: every page is the first one.
    private func page<List: PagedList>(
        _: List.Type, of elements: [List.Element], _ request: Request, fault: Check,
        _ position: (List.Element) -> String
    ) -> List? {
        var (page, rest) = (List(), elements[...])
        if !isBrief, let after = request.query["after"] {
            let index = elements.firstIndex { position($0) == after }
            guard index != nil || self.fault == .jobsAfter else { return nil }
            if let index, self.fault != fault { rest = elements[(index + 1)...] }
        }
        let limit = isBrief ? nil : request.query["limit"].map { Int($0) ?? 0 }
        guard limit != 0 || self.fault == .jobsAfter else { return nil }
        page.elements = Array(rest.prefix(limit ?? rest.count))
        if page.elements.count < rest.count { page.next = page.elements.last.map(position) }
        return page
    }

    // MARK: Keys

    /// A key that belongs to someone from the start.
    mutating func addKey(_ line: String, of owner: String) throws {
        let body = try JSON.encode(NewKey(owner: owner, key: line))
        _ = addKey(Request(method: "POST", path: ["keys"], query: [:], headers: [:], body: body))
    }

    private mutating func answerKeys(_ request: Request) -> Reply {
        switch (request.method, request.path.count) {
        case ("GET", 1):
            let owner = request.query["owner"]
            let listed = fault == .keysList ? [] : keys.filter { owner == nil || $0.owner.name == owner }
            let page = page(KeyList.self, of: listed, request, fault: .keysPages) {
                String($0.fingerprint.filter { $0.isLetter || $0.isNumber }.prefix(60))
            }
            return page.map { json($0) } ?? problem(400)
        case ("POST", 1) where request.query["limits"] != nil: return addPendingKey(request)
        case ("POST", 1): return addKey(request)
        case ("POST", _): return confirmKey(request)
        case ("GET", _):
            let knowsPending = request.query["limits"] == "confirm" || fault == .keysPending
            let visible = keys + (knowsPending ? pending : [])
            guard var key = visible.first(where: { $0.fingerprint == request.path[1] }) else {
                let isPending = pending.contains { $0.fingerprint == request.path[1] }
                return problem(fault == .keysUnknown && !isPending ? 410 : 404)
            }
            key.word = nil
            return json(key) {
                if fault == .keysLookUp { $0["type"] = "ssh-rsa" }
                if fault == .keysLimits { $0["limits"] = nil }
            }
        default:
            guard (keys + pending).contains(where: { $0.fingerprint == request.path[1] }) else {
                return problem(404)
            }
            if fault != .keysRemove { keys.removeAll { $0.fingerprint == request.path[1] } }
            pending.removeAll { $0.fingerprint == request.path[1] }
            return Reply(status: 204)
        }
    }

    private mutating func addKey(_ request: Request) -> Reply {
        guard let name = request.json["owner"] as? String,
            let (key, comment) = try? PublicKey.parse(line: request.json["key"] as? String ?? "")
        else { return problem(422) }
        if let taken = keys.first(where: { $0.fingerprint == key.fingerprint }) {
            return fault == .keysDuplicate ? json(taken, 201) : problem(409)
        }
        if !people.contains(name) { people.append(name) }
        let new = Key(
            fingerprint: key.fingerprint, type: key.type, key: key.base64, comment: comment,
            owner: person(name), suspended: false)
        keys.append(new)
        return json(new, fault == .keysAdd ? 200 : 201) {
            if fault == .keysFingerprint { $0["fingerprint"] = key.fingerprint + "=" }
        }
    }

    private mutating func addPendingKey(_ request: Request) -> Reply {
        guard let owner = keys.first(where: { $0.owner.id == request.json["owner"] as? String })?.owner,
            let (key, comment) = try? PublicKey.parse(line: request.json["key"] as? String ?? "")
        else { return problem(422) }
        let new = Key(
            fingerprint: key.fingerprint, type: key.type, key: key.base64, comment: comment, owner: owner,
            suspended: false, limits: [.confirm], word: "right-word")
        pending.append(new)
        return json(new, 201)
    }

    private mutating func confirmKey(_ request: Request) -> Reply {
        guard let index = pending.firstIndex(where: { $0.fingerprint == request.path[1] }) else {
            return problem(404)
        }
        guard pending[index].word == request.json["word"] as? String else {
            return fault == .keysWrongWord ? json(pending[index]) : problem(403)
        }
        var key = pending.remove(at: index)
        (key.limits, key.word) = (nil, nil)
        keys.append(key)
        return json(key, fault == .keysConfirm ? 201 : 200)
    }

    private func person(_ name: String) -> Person {
        Person(id: "p\(people.firstIndex(of: name) ?? 0)", name: name)
    }

    // MARK: Jobs

    /// A job that has failed from the start.
    mutating func addFailedJob(of owner: String) -> String {
        let body = Data(Options.defaultManifest.utf8)
        _ = submit(Request(method: "POST", path: ["jobs"], query: ["owner": owner], headers: [:], body: body))
        fail(jobs.count - 1)
        return jobs[jobs.count - 1].id.description
    }

    private func list(_ request: Request) -> Reply {
        let owner = request.query["owner"]
        let listed = jobs.reversed().filter { $0.owner.id == owner && fault != .jobsList }
        let page = page(JobList.self, of: listed, request, fault: .jobsPages) { $0.id.description }
        guard let page else { return problem(400) }
        return json(page) {
            if fault == .answersSize { $0["padding"] = String(repeating: "x", count: 1 << 20) }
        }
    }

    private mutating func submit(_ request: Request) -> Reply {
        guard request.body.count <= 1 << 20 else { return problem(fault == .answersTooLarge ? 400 : 413) }
        guard request.body.starts(with: Data("image".utf8)) else {
            return problem(422, fault == .jobsMalformed ? [:] : ["line": 1])
        }
        let job = Job(
            id: JobID("j\(jobs.count + 1)")!, owner: .person(person(request.query["owner"] ?? "")),
            note: request.query["note"], status: .queued, created: Date(),
            tasks: [.init(name: "check", status: .pending)])
        jobs.append(job)
        return json(job, 201) {
            if fault == .jobsSubmit { $0["note"] = nil }
            if fault == .jobsID { $0["id"] = "j.\(jobs.count)" }
        }
    }

    private mutating func answerJob(_ request: Request) -> Reply {
        let part = request.path.count > 2 ? request.path[2] : ""
        guard let index = jobs.firstIndex(where: { $0.id.description == request.path[1] }) else {
            let isWrong = part == "events" ? fault == .eventsUnknown : part.isEmpty && fault == .jobsUnknown
            return problem(isWrong ? 410 : 404)
        }
        switch part {
        case "events": return events(request, index)
        case "logs": return log(request)
        case "claims": return makeClaim(request, index)
        case "cancel":
            jobs[index].status = .cancelled
            return json(jobs[index]) { if fault == .jobsCancel { $0["status"] = "running" } }
        default:
            var reply = json(jobs[index]) {
                if fault == .jobsGet { $0["owner"] = nil }
                if fault == .jobsTimes { $0["created"] = "2026-11-21T06:56:03+01:00" }
                if fault == .claimsListed { $0["sessions"] = [Any]() }
            }
            if fault == .answersJSON { reply.type = "text/plain" }
            return reply
        }
    }

    /// Begins with the current state; a waiting job fails while its events are read.
    private mutating func events(_ request: Request, _ index: Int) -> Reply {
        let last = request.headers["last-event-id"].flatMap { Int($0) }
        var text = fault == .eventsComment ? "" : ":\n\n"
        func event(_ number: Int, _ job: Job) -> String {
            let members = json(job) { if fault == .eventsData { $0["owner"] = nil } }
            let number = fault == .eventsIDs ? 1 : number
            return "id: \(number)\nevent: status\ndata: \(String(decoding: members.body, as: UTF8.self))\n\n"
        }
        if jobs[index].status == .queued {
            text += event(1, jobs[index])
            fail(index)
            if fault != .eventsEnd { text += event(2, jobs[index]) }
        } else if last != (fault == .eventsIDs ? 1 : 2) || fault == .eventsLastID {
            text += event(2, jobs[index])
        }
        let type = fault == .eventsType ? "text/plain" : "text/event-stream"
        return Reply(status: 200, type: type, body: Data(text.utf8))
    }

    private mutating func fail(_ index: Int) {
        jobs[index].status = .failed
        jobs[index].tasks[0].status = .failed
        if fault == .jobsKept { return }
        jobs[index].builder = Job.Builder(
            state: .kept,
            endpoint: hasSockets ? .socket(path: "/run/builds/1") : .address("192.0.2.2", port: 22),
            user: "build",
            hostKeys: [Examination.unknownKey().line], keptUntil: Date(timeIntervalSinceNow: 600))
    }

    private func log(_ request: Request) -> Reply {
        let name = request.path[3]
        guard ["setup", "check"].contains(name), !(name == "setup" && fault == .logsSetup) else {
            return problem(fault == .logsUnknown ? 410 : 404)
        }
        if name == "check", fault == .logsTask { return problem(500) }
        let size = Self.log.count
        let follows = request.query["follow"] == "true"
        let bounds = request.headers["range"]?.dropFirst("bytes=".count).split(separator: "-").compactMap {
            Int($0)
        }
        var reply = Reply(status: 200, type: "application/octet-stream", body: Data(Self.log))
        reply.isCut = follows && bounds == nil && fault == .logsFollow
        guard let bounds, let first = bounds.first else { return reply }
        guard first < size else {
            if fault == .logsBehind { return reply }
            var refusal = problem(416)
            refusal.headers["Content-Range"] = "bytes */\(size)"
            return refusal
        }
        let isOpen = bounds.count == 1
        let isShifted = isOpen && fault == (follows ? .logsFollowOffset : .logsOffset)
        let range = (isShifted ? first + 1 : first)...(isOpen ? size - 1 : bounds[1])
        reply.status = 206
        reply.body = Data(Self.log[range])
        if !follows {
            let total = fault == .logsRange ? "*" : "\(size)"
            reply.headers["Content-Range"] = "bytes \(range.lowerBound)-\(range.upperBound)/\(total)"
        }
        return reply
    }

    // MARK: Claims

    private mutating func makeClaim(_ request: Request, _ index: Int) -> Reply {
        guard fault != .answersUnknownMembers || request.json.count == 6,
            let wanted = try? JSON.decode(ClaimRequest.self, from: request.body)
        else { return problem(400) }
        guard let builder = jobs[index].builder else {
            guard jobs[index].status.isFinal else { return problem(fault == .claimsEarly ? 410 : 409) }
            return problem(fault == .claimsGone ? 409 : 410)
        }
        let known = (keys + (fault == .claimsPending ? pending : [])).first {
            $0.fingerprint == wanted.keyFingerprint
        }
        let isPending = pending.contains { $0.fingerprint == wanted.keyFingerprint }
        guard known?.owner.id == wanted.person.id || fault == .claimsWrongKey && !isPending,
            wanted.person.id == jobs[index].owner.id || fault == .claimsStranger
        else { return problem(403) }
        let same = claims.first {
            fault == .claimsSecond || $0.session == wanted.session && fault != .claimsAgain
        }
        if let same { return json(same.claim, 201) }
        claimCount += 1
        let claim = Claim(
            id: fault == .claimsID ? "c.\(claimCount)" : "c\(claimCount)", job: jobs[index].id,
            kind: wanted.kind, builder: builder, deadline: nil, lease: lease)
        let person = known?.owner ?? Person(id: jobs[index].owner.id, name: jobs[index].owner.name)
        claims.append(
            Promise(claim: claim, session: wanted.session, person: person, expires: leaseEnd))
        showSessions()
        return json(claim, 201) {
            if fault == .claimsMake { $0["lease"] = 0 }
            guard var builder = $0["builder"] as? [String: Any] else { return }
            if fault == .claimsAddress { builder["address"] = "builder.example.org" }
            if fault == .claimsHostKeys { builder["host_keys"] = ["ssh-ed25519"] }
            $0["builder"] = builder
        }
    }

    private mutating func answerClaim(_ request: Request) -> Reply {
        let index = claims.firstIndex { $0.claim.id == request.path[1] }
        if request.method == "POST" {
            guard let index else {
                return fault == .claimsReleased ? json(["id": request.path[1]]) : problem(410)
            }
            if fault != .leasesRenewed { claims[index].expires = leaseEnd }
            return json(claims[index].claim) { if fault == .leasesHeartbeat { $0["id"] = "c0" } }
        }
        guard let index else { return problem(410) }
        let gone = claims.remove(at: index)
        let reason = request.query["reason"]
        let isLogout = reason == "logout" && gone.claim.kind == .shell && fault != .claimsLogout
        if isLogout || reason == "done" && fault == .claimsDone {
            for index in jobs.indices where jobs[index].id == gone.claim.job { jobs[index].builder = nil }
        }
        showSessions()
        return Reply(status: fault == .claimsRelease ? 200 : 204)
    }

    private var leaseEnd: Date { Date(timeIntervalSinceNow: Double(lease)) }

    private mutating func expire() {
        guard fault != .leasesEnd else { return }
        claims.removeAll { $0.expires < Date() }
        showSessions()
    }

    private mutating func showSessions() {
        for index in jobs.indices {
            jobs[index].sessions = claims.filter { $0.claim.job == jobs[index].id }.map {
                Job.Session(
                    session: $0.session, person: $0.person, kind: $0.claim.kind ?? .exec, from: "192.0.2.1",
                    since: Date())
            }
        }
    }
}
