import BuildAPI
import FoundationEssentials
import ServiceClient
import Testing

@testable import SourcehutClient

/// What the worker says about a job, in every form so far.
@Suite struct WorkerInfoTests {
    static let rest =
        #""note": null, "owner_id": 7, "port": 22005, "status": "failed", "task": 3, "tasks": 10, "username": "drew""#

    @Test(arguments: [
        #"{"deadline": 1800000000, "manifest": "image: alpine\n", \#(rest)}"#,
        #"{"deadline": 1800000000, "manifest": {"tasks": [{"build": "x"}], "shell": true}, \#(rest)}"#,
        #"{"deadline": 1800000000, "manifest": null, \#(rest), "a later member": [1]}"#,
        #"{"deadline": 1800000000, \#(rest)}"#,
    ])
    func theManifestIsNotLookedAt(text: String) throws {
        let info = try WorkerInfo.read(Array(text.utf8))
        let expected = WorkerInfo(
            status: .failed, deadline: Date(timeIntervalSince1970: 1_800_000_000), note: nil, ownerID: 7,
            username: "drew", port: 22005, task: 3, tasks: 10)
        #expect(info == expected)
        #expect(info.owner == Person(id: "7", name: "~drew"))
    }

    @Test(arguments: Job.Status.allCases) func everyStatusIsRead(status: Job.Status) throws {
        let text = "{\"deadline\": 1, \(Self.rest)}".replacing("failed", with: status.rawValue)
        #expect(try WorkerInfo.read(Array(text.utf8)).status == status)
    }

    /// Without these, it is unknown whose builder listens on the port.
    @Test(arguments: [
        #"{"note": null, "owner_id": 7, "port": 22005, "username": "drew"}"#,
        #"{"note": null, "owner_id": 7, "port": 22005, "username": "drew", "status": "failed", "tasks": 1}"#,
        #"{"note": null, "owner_id": 7, "port": 22005, "username": "drew", "deadline": 1, "tasks": 1}"#,
        #"{"note": null, "owner_id": 7, "port": 22005, "username": "drew", "deadline": 1, "status": "failed"}"#,
    ])
    func aWorkerThatSaysTooLittleIsTooOld(text: String) {
        let error = #expect(throws: ServiceError.self) { try WorkerInfo.read(Array(text.utf8)) }
        #expect(error?.code == .tooOld)
    }

    @Test(arguments: [
        "", "404 not found", "[]", #"{"deadline": 1}"#,
        #"{"deadline": 1, \#(rest.replacing("22005", with: "65536"))}"#,
        #"{"deadline": 1, \#(rest.replacing("22005", with: "-1"))}"#,
        #"{"deadline": 1, \#(rest.replacing("failed", with: "exploded"))}"#,
        #"{"deadline": "soon", \#(rest)}"#, #"{"deadline": -1, \#(rest)}"#,
        #"{"deadline": 9223372036854775807, \#(rest)}"#, #"{"deadline": 1e30, \#(rest)}"#,
    ])
    func anAnswerThatIsNoneIsRefused(text: String) {
        let error = #expect(throws: ServiceError.self) { try WorkerInfo.read(Array(text.utf8)) }
        #expect(error?.code == .malformedAnswer)
    }

    @Test(arguments: [
        ("42", true), ("0", true), ("042", false), ("42x", false), ("4-2", false),
        ("9223372036854775807", true), ("9223372036854775808", false),
    ])
    func aJobIsANumber(text: String, isNumber: Bool) throws {
        #expect(SourcehutService.isNumber(try #require(JobID(text))) == isNumber)
    }
}
