import Foundation
import Glibc
import Subprocess
import TestBed
import Testing

/// docs/examples/service.py, which answers the four necessary requests, with the real gateway and a real builder.
@Suite struct SmallestServiceTests {
    /// One service for everything, because a new one is nothing new.
    @Test func fourRequestsLetPeopleConnect() async throws {
        let testBed = try await SharedTestBed.get()
        let number = try await SharedJobs.wreck(testBed)
        try await Self.serving(number, in: testBed) {
            // Longer than a lease, so that heartbeats count.
            async let connected = Command.run(
                testBed.ssh(["connect", number, "sleep 4; cat /etc/hostname; exit 7"], to: .orphaned))
            let examined = try await testBed.sallyport([
                "conformance", "unix:\(testBed.orphanedSocket)", "--owner", "alice", "--level", "connect",
                "--job", number, "--key", "\(testBed.client)/alice.pub",
            ])
            await expect(
                examined, status: 0, output: ["level connect: ", "claims.wrong-key", " 0 broken, 1 skipped"],
                in: testBed)
            await expect(try await connected, status: 7, output: ["builder"], in: testBed)
            for row in Self.rows(number) {
                let finished = try await Command.run(
                    testBed.ssh(row.command, to: .orphaned), input: Array("image: debian\n".utf8))
                await expect(
                    finished, status: row.status, output: row.output, errors: row.errors, in: testBed)
                for word in row.unsaid { #expect(!finished.text.contains(word), "\(finished)") }
                if row.status != 0 {
                    let lines = finished.errorText.split(separator: "\n")
                    #expect(lines.count == row.lines && finished.output.isEmpty, "\(finished)")
                }
            }
        }
    }

    private struct Row {
        let command: [String]
        var status: Int32 = 0
        var output: [String] = []
        var errors: [String] = []
        /// What must not be on standard output: the service cannot do it.
        var unsaid: [String] = []
        /// On standard error, if the status is not 0.
        var lines = 1

        /// A verb that the service cannot do.
        static func unsupported(_ command: [String], _ verb: String? = nil) -> Row {
            Row(
                command: command, status: 69,
                errors: ["The build service here does not offer “\(verb ?? command[0])”."])
        }
    }

    /// Every verb.
    private static func rows(_ job: String) -> [Row] {
        [
            Row(
                command: [],
                output: [
                    "Hello alice.", "cannot list your jobs", "connect JOB", "ssh-config", "--job JOB",
                    " help",
                ], unsaid: ["tail", "submit", "Your jobs"]),
            .unsupported(["list"]), .unsupported(["list", "--all"], "list"),
            Row(command: ["connect"], status: 64, errors: ["cannot list your jobs. Name the job you mean."]),
            Row(command: ["tail"], status: 64, errors: ["cannot list your jobs. Name the job you mean."]),
            Row(
                command: ["tail", job], status: 69,
                errors: ["The build service here has no log of job \(job)."]),
            Row(
                command: ["show", job],
                output: ["Job \(job)", "failed", "kept", "connect \(job)", "--job \(job)"],
                unsaid: ["tail", "extend", "submitted", "tasks"]),
            Row(command: ["show", job, "--json"], output: [#""status":"failed""#], unsaid: ["created"]),
            .unsupported(["extend", job]), .unsupported(["extend", job, "--max"], "extend --max"),
            .unsupported(["artifacts", job]), .unsupported(["artifacts", job, "--tar"], "artifacts"),
            .unsupported(["hold", job]), .unsupported(["unhold", job]),
            .unsupported(["share", job, "bob"]), .unsupported(["unshare", job, "bob"]),
            .unsupported(["release", job, "--yes"]), .unsupported(["rerun", job]),
            Row(command: ["cancel", job], status: 69, errors: ["Job \(job) has ended already: failed."]),
            .unsupported(["submit"]), .unsupported(["keys"]), .unsupported(["images"]),
            Row(command: ["pools"], errors: ["This build service has no pools."]),
            Row(command: ["pools", "--json"], output: [#"{"pools":[]}"#]),
            Row(
                command: ["submit", "--pool", "lab"], status: 64,
                errors: ["This build service has no pools. Leave out --pool and --arch."]),
            .unsupported(["keys", "remove", "SHA256:x"], "keys"),
            Row(command: ["known-hosts"], status: 69, errors: ["There is no certificate authority"]),
            Row(command: ["known-hosts", "--bare", job], output: ["job-\(job) ssh-ed25519 "]),
            Row(command: ["ssh-config"], status: 69, errors: ["There is no certificate authority"]),
            Row(
                command: ["ssh-config", "--host", "x", "--job", job],
                output: ["User build", "proxy job-\(job)"]),
            Row(command: ["proxy", job], output: ["SSH-2.0-"]),
            Row(command: ["whoami"], output: ["alice, with the key SHA256:"]),
            Row(command: ["accept-terms"], errors: ["This service has no terms of use."]),
            Row(command: ["help"], output: ["connect"]), Row(command: ["version"], output: ["sallyport"]),
            Row(
                command: ["connect", "running", "true"], status: 75,
                errors: [
                    "Job running is still running.",
                    "Job running has not ended, and the build service here does not report when it does. "
                        + "Try again later, or enter its builder now: connect --now running.",
                ], lines: 2),
            Row(command: ["connect", "--now", "running", "cat /etc/hostname"], output: ["builder"]),
            Row(
                command: ["tail", "running"], status: 75, errors: ["Job running has not ended, and"], lines: 2
            ),
            Row(
                command: ["connect", "queued", "true"], status: 75,
                errors: ["Job queued is queued.", "Job queued has not ended, and", "Try again later."],
                lines: 2),
            Row(
                command: ["connect", "gone", "true"], status: 69,
                errors: ["Job gone failed and its builder is gone."]
            ),
            Row(command: ["hold", "gone"], status: 69, errors: ["The builder of job gone is gone."]),
            Row(command: ["show", "gone"], output: ["gone"], unsaid: ["connect", "tail"]),
            Row(command: ["show", "999999"], status: 66, errors: ["There is no job 999999."]),
        ]
    }

    // MARK: The service

    /// Tells Alice's key, and the job with nothing but what is necessary.
    private static func serving(
        _ number: String, in testBed: TestBed, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let job = try await listed("jobs", ["jobs", "--all"], in: testBed) { $0["id"] as? String == number }
        // Other tests can have given her more.
        let own = try String(contentsOfFile: "\(testBed.client)/alice.pub", encoding: .utf8)
        let key = try await listed("keys", ["keys", "list", "alice"], in: testBed) {
            ($0["key"] as? String).map(own.contains) == true
        }
        var builder = try #require(job["builder"] as? [String: Any])
        builder["kept_until"] = nil
        let owner = try #require(job["owner"])
        let known: [String: Any] = [
            "owner": owner, "status": try #require(job["status"]), "builder": builder,
        ]
        var ready = builder
        ready["state"] = "ready"
        let builds: [String: Any] = [
            "lease": 3, "keys": [try #require(key["fingerprint"] as? String): try #require(key["owner"])],
            "jobs": [
                number: known, "running": ["owner": owner, "status": "running", "builder": ready],
                "queued": ["owner": owner, "status": "queued"], "gone": ["owner": owner, "status": "failed"],
            ],
        ]
        let file = FileManager.default.temporaryDirectory.appending(path: "builds-\(UUID()).json")
        try JSONSerialization.data(withJSONObject: builds).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let socket = testBed.orphanedSocket
        defer { unlink(socket) }
        let program = "\(Repository.root)/docs/examples/service.py"
        let served = try await Command.start(
            ["python3", program, socket, file.path], deadline: .seconds(120)
        ) { service in
            let start = ContinuousClock.now
            while chmod(socket, 0o666) != 0 {
                try #require(start.duration(to: .now) < .seconds(10), "the service does not start")
                try await Task.sleep(for: .milliseconds(20))
            }
            try await body()
            service.send(.terminate)
        }
        // A session that ends does not wait for an answer to what it has just asked.
        let errors = served.errorText.split(separator: "\n").filter {
            $0.contains(/^[A-Za-z.]+(Error|Exception)\b/) && !$0.hasPrefix("BrokenPipeError")
                && !$0.hasPrefix("ConnectionResetError")
        }
        #expect(!served.late && errors.isEmpty, "\(errors) \(served)")
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
}
