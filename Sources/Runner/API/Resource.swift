import BuildAPI
import HTTPTypes

/// What a path of API v1 refers to.
enum Resource: Equatable, Sendable {
    case keys
    case key(fingerprint: String)
    case keyConfirmation(fingerprint: String)
    case jobs
    case job(JobID)
    case events(JobID)
    case log(JobID, name: String)
    case artifacts(JobID)
    case artifact(JobID, name: String)
    case claims(JobID)
    case cancellation(JobID)
    case reruns(JobID)
    case deadline(JobID)
    case hold(JobID)
    case share(JobID, name: String)
    case session(JobID, id: String)
    case builder(JobID)
    case claim(String)
    case heartbeat(claim: String)
    case attachments
    case resumption
    case attachment(String)
    case attachmentHeartbeat(String)
    case attachmentExit(String)
    case attachmentLog(String)
    case pairings
    case adoption
    case pairing(String)
    case pairingRenewal(String)
    case hostAuthority
    case images
    case pools
    case terms
    case acceptance(version: String, person: String)
    case allocations
    case people
    case person(name: String)
    case suspension(name: String)
    case administration(name: String)
    case robot(name: String)
    case membership(name: String, group: String)

    /// The job that it is about, if its path says so.
    var job: JobID? {
        switch self {
        case .job(let id), .events(let id), .log(let id, _), .artifacts(let id), .artifact(let id, _),
            .claims(let id), .cancellation(let id), .reruns(let id), .deadline(let id), .hold(let id),
            .share(let id, _), .session(let id, _), .builder(let id):
            id
        default: nil
        }
    }

    /// Nil: there is no such resource.
    ///
    /// - Parameter path: still percent-encoded, without the query.
    init?(path: String) {
        guard path.utf8.count <= 1024, path.hasPrefix("/") else { return nil }
        var words: [String] = []
        for word in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let decoded = word.percentDecoded, !decoded.isEmpty else { return nil }
            words.append(decoded)
        }
        guard words.first == "v1" else { return nil }
        words.removeFirst()
        switch words.count {
        case 1 where words[0] == "keys": self = .keys
        case 1 where words[0] == "jobs": self = .jobs
        case 2 where words[0] == "keys": self = .key(fingerprint: words[1])
        case 3 where words[0] == "keys" && words[2] == "confirmation":
            self = .keyConfirmation(fingerprint: words[1])
        case 2 where words[0] == "claims": self = .claim(words[1])
        case 3 where words[0] == "claims" && words[2] == "heartbeat": self = .heartbeat(claim: words[1])
        case 2... where words[0] == "jobs":
            guard let job = JobID(words[1]) else { return nil }
            self.init(of: job, words[2...])
        case 1... where words[0] == "attachments": self.init(ofAttachment: words[1...])
        case 1... where words[0] == "pairings": self.init(ofPairing: words[1...])
        case 1 where words[0] == "host-authority": self = .hostAuthority
        case 1 where words[0] == "images": self = .images
        case 1 where words[0] == "pools": self = .pools
        case 1 where words[0] == "terms": self = .terms
        case 4 where words[0] == "terms" && words[2] == "acceptances":
            self = .acceptance(version: words[1], person: words[3])
        case 1 where words[0] == "allocations": self = .allocations
        case 1 where words[0] == "people": self = .people
        case 2 where words[0] == "people": self = .person(name: words[1])
        case 3 where words[0] == "people" && words[2] == "suspension": self = .suspension(name: words[1])
        case 3 where words[0] == "people" && words[2] == "administration":
            self = .administration(name: words[1])
        case 3 where words[0] == "people" && words[2] == "robot": self = .robot(name: words[1])
        case 4 where words[0] == "people" && words[2] == "groups":
            self = .membership(name: words[1], group: words[3])
        default: return nil
        }
    }

    /// An attachment, or a part of one.
    private init?(ofAttachment words: ArraySlice<String>) {
        switch (words.first, words.dropFirst().first, words.count) {
        case (nil, nil, 0): self = .attachments
        case ("resumption", nil, 1): self = .resumption
        case (let id?, _, _) where !MachineAttachment.isID(id): return nil
        case (let id?, nil, 1): self = .attachment(id)
        case (let id?, "heartbeat", 2): self = .attachmentHeartbeat(id)
        case (let id?, "exit", 2): self = .attachmentExit(id)
        case (let id?, "log", 2): self = .attachmentLog(id)
        default: return nil
        }
    }

    /// A machine that is nobody's, or a part of one.
    private init?(ofPairing words: ArraySlice<String>) {
        switch (words.first, words.dropFirst().first, words.count) {
        case (nil, nil, 0): self = .pairings
        case ("adoption", nil, 1): self = .adoption
        case (let id?, _, _) where !MachineAttachment.isID(id): return nil
        case (let id?, nil, 1): self = .pairing(id)
        case (let id?, "renewal", 2): self = .pairingRenewal(id)
        default: return nil
        }
    }

    /// A part of a job.
    private init?(of job: JobID, _ words: ArraySlice<String>) {
        switch (words.first, words.count) {
        case (nil, 0): self = .job(job)
        case ("events", 1): self = .events(job)
        case ("claims", 1): self = .claims(job)
        case ("cancel", 1): self = .cancellation(job)
        case ("reruns", 1): self = .reruns(job)
        case ("deadline", 1): self = .deadline(job)
        case ("hold", 1): self = .hold(job)
        case ("builder", 1): self = .builder(job)
        case ("artifacts", 1): self = .artifacts(job)
        case ("artifacts", _): self = .artifact(job, name: words.dropFirst().joined(separator: "/"))
        case ("sessions", 2): self = .session(job, id: words[words.startIndex + 1])
        case ("shares", 2): self = .share(job, name: words[words.startIndex + 1])
        case ("logs", 2): self = .log(job, name: words[words.startIndex + 1])
        default: return nil
        }
    }

    /// Its methods, and the least role that each needs.
    var methods: KeyValuePairs<HTTPRequest.Method, Role> {
        switch self {
        // A gateway asks for one person at a time, an operator for everyone.
        case .keys: [.get: .gateway, .post: .gateway]
        case .key: [.get: .keys, .delete: .gateway]
        case .jobs: [.get: .gateway, .post: .gateway]
        case .job, .events, .log, .artifacts, .artifact: [.get: .gateway]
        case .claims, .cancellation, .reruns, .heartbeat, .keyConfirmation, .attachments, .resumption,
            .attachmentHeartbeat, .attachmentExit, .pairings, .adoption, .pairingRenewal:
            [.post: .gateway]
        case .claim, .builder, .attachment, .pairing: [.delete: .gateway]
        case .deadline, .acceptance, .attachmentLog: [.put: .gateway]
        case .hold, .share: [.put: .gateway, .delete: .gateway]
        case .terms, .hostAuthority, .images, .pools: [.get: .gateway]
        case .allocations, .people: [.get: .operator]
        case .session: [.delete: .operator]
        case .person: [.delete: .operator]
        case .suspension, .administration, .robot, .membership: [.put: .operator, .delete: .operator]
        }
    }

    /// The least role that a method needs; nil: there is no such method.
    func role(for method: String) -> Role? {
        methods.first { $0.key.rawValue == method }?.value
    }
}

extension Role {
    /// Whether this role is allowed to do what needs `needed`.
    func includes(_ needed: Role) -> Bool {
        switch (self, needed) {
        case (.operator, _), (.keys, .keys), (.gateway, .keys), (.gateway, .gateway): true
        case (.keys, .gateway), (.keys, .operator), (.gateway, .operator): false
        }
    }
}
