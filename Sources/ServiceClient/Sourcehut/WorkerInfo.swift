import BuildAPI
import FoundationEssentials
import ServiceClient

/// What builds.sr.ht's worker says about a job: `GET /job/{id}/info`.
///
/// The manifest, a YAML string until 2023 and a JSON object since then, is ignored.
struct WorkerInfo: Equatable {
    var status: Job.Status
    /// When the builder ends at the latest.
    var deadline: Date
    var note: String?
    var ownerID: Int64
    /// The owner's name, with or without `~`.
    var username: String
    /// The builder's SSH server, on the worker's own loopback; 0 while it boots.
    var port: UInt16
    /// The number of phases that have ended, and of all phases; both are 0 while the builder boots.
    var task: Int
    var tasks: Int

    private struct Answer: Decodable {
        var status: Job.Status?
        var deadline: Int64?
        var note: String?
        var ownerID: Int64
        var username: String
        var port: UInt16
        var task: Int?
        var tasks: Int?

        enum CodingKeys: String, CodingKey {
            case status, deadline, note
            case ownerID = "owner_id"
            case username, port, task, tasks
        }
    }

    /// In seconds since 1970, up to the year 9999, so that it can be calculated with and written.
    private static let times: ClosedRange<Int64> = 0...253_402_300_799

    /// - Parameter body: the JSON as received.
    static func read(_ body: [UInt8]) throws(ServiceError) -> WorkerInfo {
        let answer: Answer
        do {
            answer = try JSON.decode(Answer.self, from: Data(body))
        } catch {
            throw ServiceError(.malformedAnswer, detail: "info: \(error)")
        }
        guard let status = answer.status, let deadline = answer.deadline, let tasks = answer.tasks else {
            throw ServiceError(.tooOld, detail: "info has no status, deadline or tasks")
        }
        guard Self.times.contains(deadline) else {
            throw ServiceError(.malformedAnswer, detail: "info: the deadline \(deadline) is not a time")
        }
        return WorkerInfo(
            status: status, deadline: Date(timeIntervalSince1970: Double(deadline)), note: answer.note,
            ownerID: answer.ownerID, username: answer.username, port: answer.port, task: answer.task ?? 0,
            tasks: tasks)
    }

    /// The job's owner, in the same form as the key's owner.
    var owner: Person {
        Person(id: "\(ownerID)", name: username.hasPrefix("~") ? username : "~\(username)")
    }
}
