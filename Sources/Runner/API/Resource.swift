import BuildService
import HTTPTypes
import Requests

/// What a path of API v1 names.
enum Resource: Equatable, Sendable {
    case keys
    case key(fingerprint: String)
    case jobs
    case job(JobID)
    case events(JobID)
    case log(JobID, name: String)
    case claims(JobID)
    case cancellation(JobID)
    case claim(String)
    case heartbeat(claim: String)

    /// Nil: there is nothing there.
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
        case 2 where words[0] == "claims": self = .claim(words[1])
        case 3 where words[0] == "claims" && words[2] == "heartbeat": self = .heartbeat(claim: words[1])
        case 2... where words[0] == "jobs":
            guard let job = JobID(words[1]) else { return nil }
            switch words.dropFirst(2).first {
            case nil: self = .job(job)
            case "events" where words.count == 3: self = .events(job)
            case "claims" where words.count == 3: self = .claims(job)
            case "cancel" where words.count == 3: self = .cancellation(job)
            case "logs" where words.count == 4: self = .log(job, name: words[3])
            default: return nil
            }
        default: return nil
        }
    }

    /// The methods it has, and the least role that each asks for.
    var methods: KeyValuePairs<HTTPRequest.Method, Role> {
        switch self {
        case .keys: [.get: .operator, .post: .operator]
        case .key: [.get: .keys, .delete: .operator]
        case .jobs: [.get: .gateway, .post: .gateway]
        case .job, .events, .log: [.get: .gateway]
        case .claims, .cancellation, .heartbeat: [.post: .gateway]
        case .claim: [.delete: .gateway]
        }
    }

    /// The least role that a method asks for; nil: there is no such method.
    func role(for method: String) -> Role? {
        methods.first { $0.key.rawValue == method }?.value
    }
}

extension Role {
    /// Whether somebody in this role may do what asks for `needed`.
    func includes(_ needed: Role) -> Bool {
        switch (self, needed) {
        case (.operator, _), (.keys, .keys), (.gateway, .keys), (.gateway, .gateway): true
        case (.keys, .gateway), (.keys, .operator), (.gateway, .operator): false
        }
    }
}
