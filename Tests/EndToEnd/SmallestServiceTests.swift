import Foundation
import TestBed
import Testing

/// What docs/build-service.md says that the smallest service has to answer.
@Suite struct SmallestServiceTests {
    /// The builder is a real one; the service that tells of it knows nothing else.
    @Test func fourRequestsLetSomebodyConnect() async throws {
        let testBed = try await SharedTestBed.get()
        let number = try await SharedJobs.wreck(testBed)
        let job = try await Self.job(number, in: testBed)
        let builder = try Self.text(try #require(job["builder"]))
        let key = try await Self.listed("keys", ["keys", "list", "alice"], in: testBed) { _ in true }
        let answers = [
            "GET /v1/keys/": try Self.text(key), "GET /v1/jobs/\(number) ": try Self.text(job),
            "POST /v1/jobs/\(number)/claims ":
                #"{"id": "c1", "job": "\#(number)", "kind": "exec", "builder": \#(builder), "lease": 3}"#,
        ]
        try await ScriptedService.serving(in: testBed) { request in
            for (beginning, text) in answers where request.hasPrefix(beginning) {
                return ScriptedService.json(text)
            }
            if request.hasPrefix("POST /v1/claims/c1/heartbeat ") {
                return ScriptedService.json(answers["POST /v1/jobs/\(number)/claims "] ?? "")
            }
            return ScriptedService.answer("404 Not Found", "text/plain", "")
        } _: {
            // Longer than a lease, so that heartbeats count.
            let connected = try await Command.run(
                testBed.ssh(["connect", number, "sleep 4; cat /etc/hostname; exit 7"], to: .orphaned))
            await expect(connected, status: 7, output: ["builder"], in: testBed)
        }
    }

    private static func job(_ number: String, in testBed: TestBed) async throws -> [String: Any] {
        try await listed("jobs", ["jobs", "--all"], in: testBed) { $0["id"] as? String == number }
    }

    /// The first such member of a list that the operator's tool prints.
    private static func listed(
        _ name: String, _ arguments: [String], in testBed: TestBed, where fits: ([String: Any]) -> Bool
    ) async throws -> [String: Any] {
        let listing = try await testBed.sallyport(arguments + ["--json"])
        let lists = try JSONSerialization.jsonObject(with: Data(listing.output)) as? [String: [[String: Any]]]
        let found = lists?[name]?.first(where: fits)
        return try #require(found, "\(listing)")
    }

    private static func text(_ value: Any) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: value), as: UTF8.self)
    }
}
