public import BuildAPI
import FoundationEssentials
import ServiceClient

/// The service does not answer, or not now.
public struct Unreachable: Error {
    /// Whether it may answer later.
    public let isTransient: Bool
    public let cause: String
}

/// Takes a build service through API v1 and records where it does not conform.
///
/// It sends one request after the other, as an operator if the service allows it, and removes what it has made.
public final class Examination {
    let options: Options
    let endpoint: Endpoint
    let client: ServiceClient
    private var findings: [Check: Finding] = [:]
    var left: [String] = []

    /// A key to make claims with, and its owner's id.
    var claimant: Claimant?
    var stranger: Claimant?
    /// Keys to remove at the end.
    var added: [String] = []
    /// The same for those that a gateway has added.
    var pending: [String] = []
    /// Every submitted job.
    var submitted: [String] = []
    /// The job that should fail, and the one that is cancelled.
    var job: String?
    var cancelled: String?
    /// Whether the job has failed and its builder is kept.
    var isKept = false
    /// Claims that are still live.
    var standing: [String] = []

    struct Claimant {
        var id: String
        /// `<type> <base64>`
        var key: String
        var fingerprint: String
    }

    public init(of endpoint: Endpoint, _ options: Options) {
        self.options = options
        self.endpoint = endpoint
        client = ServiceClient(endpoint, token: options.token, authorities: options.authorities)
    }

    public func run() throws(Unreachable) -> Report {
        try reach()
        lookAtRoles()
        lookAtKeys()
        lookAtJobs()
        lookAtPools()
        lookAtEvents()
        lookAtLogs()
        lookAtClaims()
        lookAtLeases()
        lookAtReleases()
        lookAtAttachments()
        lookAtPairings()
        cleanUp()
        lookAtAnswers()
        let findings = Check.allCases.filter { $0.level <= options.level }.map {
            self.findings[$0] ?? Finding(check: $0, outcome: .skipped, seen: "it was not reached")
        }
        return Report(level: options.level, findings: findings, left: left)
    }

    private func reach() throws(Unreachable) {
        let answer = client.get("/v1/jobs?live=true")
        guard answer.status != 0 else {
            throw Unreachable(isTransient: false, cause: answer.complaint)
        }
        guard answer.status != 429, answer.status != 503 else {
            throw Unreachable(isTransient: true, cause: answer.summary)
        }
    }

    // MARK: Findings

    /// Why a check has failed.
    enum Deviation: Error {
        case broken(String)
        /// It cannot be tested, and why.
        case skipped(String)
    }

    /// Records one finding, if the level needs it.
    ///
    /// - Parameter look: returns what was seen if the promise is kept; throws a ``Deviation`` otherwise.
    func check(_ check: Check, _ look: () throws -> String) {
        guard check.level <= options.level else { return }
        let outcome: Finding.Outcome
        let seen: String
        do {
            (outcome, seen) = (.kept, try look())
        } catch Deviation.skipped(let reason) {
            (outcome, seen) = (.skipped, reason)
        } catch Deviation.broken(let what) {
            (outcome, seen) = (.broken, what)
        } catch {
            (outcome, seen) = (.broken, JSON.complaint(about: error))
        }
        findings[check] = Finding(check: check, outcome: outcome, seen: String(seen.prefix(300)))
    }

    /// The result of an earlier step; without it the check is skipped.
    func need<Value>(_ value: Value?, _ reason: String) throws -> Value {
        guard let value else { throw Deviation.skipped(reason) }
        return value
    }

    /// The answer, if it has that status.
    @discardableResult
    func expect(_ answer: Answer, _ statuses: Int...) throws -> Answer {
        guard answer.status != 0 else {
            throw Deviation.broken("\(answer.request): no answer (\(answer.complaint))")
        }
        guard statuses.contains(answer.status) else {
            let detail = answer.json?["detail"]?.string.map { " (\($0))" } ?? ""
            let expected = statuses.map(String.init).joined(separator: " or ")
            throw Deviation.broken("\(answer.summary)\(detail) instead of \(expected)")
        }
        return answer
    }

    func expect(_ condition: Bool, _ otherwise: @autoclosure () -> String) throws {
        if !condition { throw Deviation.broken(otherwise()) }
    }

    /// The answer's body as a gateway reads it.
    func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        try JSON.decode(type, from: Data(bytes))
    }

    // MARK: Requests

    func send(_ method: String, _ path: String, _ value: JSONValue) -> Answer {
        let body = (try? JSON.encode(value)).map { Array($0) } ?? []
        return client.send(method, path, headers: ["Content-Type: application/json"], body: body)
    }

    /// The same service with another token, or none.
    func client(token: String?) -> ServiceClient {
        ServiceClient(endpoint, token: token, authorities: options.authorities)
    }

    static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && JobID("a" + text.prefix(63)) != nil
    }
}
