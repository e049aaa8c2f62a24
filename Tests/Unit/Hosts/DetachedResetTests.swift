import AllocatorPrograms
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Hosts

/// With real programs of this host.
@Suite("A reset runs by itself") struct DetachedResetTests {
    private func with(
        limit: Int = 60, _ body: (DetachedReset, String) async throws -> Void
    ) async throws {
        let path = NSTemporaryDirectory() + "reset-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(DetachedReset(folder: try StateFolder(path), name: "m", limit: limit), path)
    }

    private func begin(_ reset: DetachedReset, _ script: String, id: String = "1") async throws {
        try await reset.begin(
            ["/bin/sh", "-c", script, "sh", reset.folder.path], environment: ["SALLYPORT_HOST": "m"], id: id)
    }

    private func end(_ reset: DetachedReset, id: String = "1") async throws -> ResetProgress {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let progress = try await reset.progress(id: id)
            guard progress == .running else { return progress }
            try await Task.sleep(for: .milliseconds(10))
        }
        return .running
    }

    /// What a program has written, as soon as it is there.
    private func text(_ path: String) async throws -> String {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let text = try? String(contentsOfFile: path, encoding: .utf8), text.hasSuffix("\n") {
                return text
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        return ""
    }

    /// Init may be slow to take note of a process that has ended.
    private func isAlive(_ process: pid_t) -> Bool {
        let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        return status.map { !$0.contains(") Z ") } ?? false
    }

    @Test("how it ends, and what it says")
    func ends() async throws {
        try await with { reset, _ in
            try await begin(reset, "echo \"$SALLYPORT_HOST is off\"; echo no power >&2; exit 3")
            #expect(try await end(reset) == .failed("m: reset: no power (status 3)"))
            #expect(String(decoding: reset.output(after: 0), as: UTF8.self) == "m is off\nno power\n")
            #expect(String(decoding: reset.output(after: 9), as: UTF8.self) == "no power\n")
            // Another one's end is not this one's.
            #expect(try await end(reset, id: "2") == .interrupted)
            try await begin(reset, "exit 0", id: "2")
            #expect(try await end(reset, id: "2") == .succeeded)
            try await begin(reset, "/nowhere/program", id: "3")
            let missing = try await end(reset, id: "3")
            guard case .failed(let reason) = missing else {
                Issue.record("\(missing)")
                return
            }
            #expect(reason.contains("status 127"))
        }
    }

    @Test("it has a session of its own, and is never run twice at a time")
    func twice() async throws {
        try await with { reset, path in
            try await begin(
                reset,
                "ps -o sid= -p $$ >$1/new; mv $1/new $1/session; until [ -e $1/go ]; do sleep 0.02; done")
            let session = pid_t(try await text(path + "/session").filter(\.isNumber))
            #expect(session != nil && session != getsid(0))
            #expect(try await reset.progress(id: "1") == .running)
            let second = await #expect(throws: AllocatorFailure.self) {
                try await begin(reset, "touch $1/second", id: "2")
            }
            #expect(second?.isUnfinished == true)
            _ = FileManager.default.createFile(atPath: path + "/go", contents: nil)
            #expect(try await end(reset) == .succeeded)
            #expect(!FileManager.default.fileExists(atPath: path + "/second"))
        }
    }

    @Test(
        "what a failed one has started ends, in whatever session, and a daemon keeps no lock",
        arguments: [0, 1])
    func leftovers(status: Int) async throws {
        try await with { reset, path in
            try await begin(reset, "setsid sleep 31415 & echo $! >$1/pid; exit \(status)")
            let daemon = try #require(pid_t(try await text(path + "/pid").filter(\.isNumber)))
            let progress = try await end(reset)
            #expect((progress == .succeeded) == (status == 0))
            // A good one can leave what it likes, until the next one begins.
            #expect(isAlive(daemon) == (status == 0))
            try await begin(reset, "exit 0", id: "2")
            #expect(try await end(reset, id: "2") == .succeeded)
            #expect(!isAlive(daemon))
        }
    }

    @Test("one that does not end is ended")
    func limit() async throws {
        try await with(limit: 1) { reset, path in
            try await begin(reset, "echo $$ >$1/pid; sleep 31415; true")
            let program = try #require(pid_t(try await text(path + "/pid").filter(\.isNumber)))
            #expect(try await end(reset) == .failed("m: reset: no end within 1 s"))
            #expect(!isAlive(program))
        }
    }
}
