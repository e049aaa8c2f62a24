import Foundation
import Synchronization
import TestBed

/// A worker of builds.sr.ht, and meta.sr.ht beside it, as they answer: no Content-Type, errors in plain text, jobs that
/// stay after their end with the port that they had.
final class StandInWorker: Sendable {
    struct Job: Sendable {
        enum Form: Sendable {
            /// Through 2023 the manifest was a YAML string.
            case yaml
            /// Since then it is a JSON object.
            case json
            /// Note, owner, port and user name: all that there was at first.
            case oldest
        }

        var status = "failed"
        /// Seconds since 1970.
        var deadline = Int(Date.now.timeIntervalSince1970) + 3600
        var owner = 1
        var username = "alice"
        var port: UInt16 = 0
        var task = 3
        var tasks = 10
        var form = Form.json
    }

    private struct State {
        var jobs: [String: Job] = [:]
        var requests: [String] = []
    }

    let testBed: TestBed
    private let state = Mutex(State())
    /// The base64 of each person's key.
    private let keys: [String: (id: Int, name: String)]

    private init(testBed: TestBed, keys: [String: (id: Int, name: String)]) {
        self.testBed = testBed
        self.keys = keys
    }

    /// Serves while `body` runs. Its folder of logs, and what the gateways know of sessions, are empty at first.
    static func serving(in testBed: TestBed, _ body: (StandInWorker) async throws -> Void) async throws {
        _ = try await testBed.run([
            "sh", "-ec", "rm -rf \"$1\" \"$2\"/*; mkdir -m 755 \"$1\"", "sh", testBed.workerLogs,
            testBed.sessionFiles,
        ])
        var keys: [String: (id: Int, name: String)] = [:]
        for (id, name) in [(1, "alice"), (2, "bob")] {
            keys[String(try await testBed.publicKey(name).split(separator: " ")[1])] = (id, name)
        }
        let worker = StandInWorker(testBed: testBed, keys: keys)
        try await ScriptedService.serving(in: testBed, at: testBed.workerSocket) {
            worker.answer($0)
        } _: {
            try await body(worker)
        }
    }

    subscript(_ id: String) -> Job {
        get { state.withLock { $0.jobs[id] ?? Job() } }
        set { state.withLock { $0.jobs[id] = newValue } }
    }

    /// What the worker does when a job has succeeded.
    func forget(_ id: String) {
        state.withLock { $0.jobs[id] = nil }
    }

    /// What it has been told about a job: `claim`, `terminate`.
    func told(about id: String) -> [String] {
        state.withLock { state in
            state.requests.compactMap { request in
                let words = request.split(separator: "/")
                return request.hasPrefix("POST /job/\(id)/") ? words.last.map(String.init) : nil
            }
        }
    }

    /// Appends to a log; `task` nil: to the job's own.
    func log(_ text: String, _ id: String, task: String? = nil) async throws {
        let folder = [testBed.workerLogs, id, task].compactMap { $0 }.joined(separator: "/")
        let written = try await testBed.run(
            ["sh", "-ec", "mkdir -p \"$1\"; cat >>\"$1/log\"", "sh", folder], input: text)
        guard written.status == 0 else { throw TestBedError("no log was written", log: "\(written)") }
    }

    // MARK: Answers

    private func answer(_ head: Substring) -> ScriptedService.Reply {
        let line = head.prefix { $0 != "\r\n" }.split(separator: " ")
        let (method, path) = (String(line[0]), String(line[1]))
        state.withLock { $0.requests.append("\(method) \(path)") }
        let words = path.split(separator: "/").map(String.init)
        switch words.first {
        case "api": return key(words.last?.removingPercentEncoding ?? "")
        case "logs": return file(path, head)
        case "job" where words.count == 3: return job(words[1], words[2], method)
        default: return Self.plain("404 Not Found", "404 page not found\n")
        }
    }

    private func key(_ base64: String) -> ScriptedService.Reply {
        guard let (id, name) = keys[base64] else { return Self.plain("404 Not Found", "{}") }
        return Self.plain(
            "200 OK",
            #"""
            {"id": \#(id), "authorized": "2024-01-01T00:00:00", "comment": null,
             "fingerprint": "aa:bb:cc", "key": "ssh-ed25519 \#(base64) \#(name)@example.org",
             "owner": {"id": \#(id), "canonical_name": "~\#(name)", "name": "\#(name)"}}
            """#)
    }

    private func job(_ id: String, _ verb: String, _ method: String) -> ScriptedService.Reply {
        guard method == (verb == "info" ? "GET" : "POST") else {
            return Self.plain("405 Method Not Allowed", "405 method not allowed")
        }
        // To it 042 is 42.
        guard let number = Int(id), let job = state.withLock({ $0.jobs["\(number)"] }) else {
            return Self.plain("404 Not Found", "404 not found")
        }
        switch verb {
        case "claim": return Self.plain("200 OK", "claimed")
        case "terminate": return Self.plain("200 OK", "cancelled")
        default: return Self.plain("200 OK", job.info)
        }
    }

    private static func plain(_ status: String, _ text: String, _ headers: String = "")
        -> ScriptedService.Reply
    {
        .bytes("HTTP/1.1 \(status)\r\n\(headers)Content-Length: \(text.utf8.count)\r\n\r\n\(text)")
    }

    // MARK: Files

    /// A folder is a page of links; a file has Last-Modified and ranges.
    private func file(_ path: String, _ head: Substring) -> ScriptedService.Reply {
        let place = testBed.workerLogs + path.dropFirst("/logs".count)
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: place) else {
            return content(place, head)
        }
        let links = names.sorted().map { name in
            let isFolder = (try? FileManager.default.contentsOfDirectory(atPath: "\(place)/\(name)")) != nil
            return "<a href=\"\(name)\(isFolder ? "/" : "")\">\(name)</a>\n"
        }
        return Self.plain("200 OK", "<pre>\n\(links.joined())</pre>\n")
    }

    /// RFC 9110 section 5.6.7.
    private static func http(_ date: Date) -> String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format.string(from: date)
    }

    private func content(_ place: String, _ head: Substring) -> ScriptedService.Reply {
        guard let data = FileManager.default.contents(atPath: place) else {
            return Self.plain("404 Not Found", "404 page not found\n")
        }
        let bytes = Array(data)
        let attributes = try? FileManager.default.attributesOfItem(atPath: place)
        let modified = (attributes?[.modificationDate] as? Date) ?? .now
        let headers = "Last-Modified: \(Self.http(modified))\r\n"
        guard
            let range = head.split(separator: "Range: bytes=").dropFirst().first?.prefix(while: {
                $0 != "\r\n"
            })
        else { return Self.plain("200 OK", String(decoding: bytes, as: UTF8.self), headers) }
        let ends = range.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        let start = ends[0] ?? max(0, bytes.count - (ends[1] ?? 0))
        guard start < bytes.count else { return Self.plain("416 Range Not Satisfiable", "", headers) }
        let end = ends[0] == nil ? bytes.count : min(bytes.count, (ends[1] ?? .max - 1) + 1)
        return Self.plain(
            "206 Partial Content", String(decoding: bytes[start..<end], as: UTF8.self),
            headers + "Content-Range: bytes \(start)-\(end - 1)/\(bytes.count)\r\n")
    }
}

extension StandInWorker.Job {
    fileprivate var info: String {
        let oldest = #""note": null, "owner_id": \#(owner), "port": \#(port), "username": "\#(username)""#
        let manifest =
            switch form {
            case .yaml: #""image: alpine\ntasks:\n- build: exit 1\n""#
            case .json: #"{"image": "alpine", "tasks": [{"build": "exit 1"}], "shell": false}"#
            case .oldest: ""
            }
        if form == .oldest { return "{\(oldest)}" }
        return """
            {"deadline": \(deadline), "manifest": \(manifest), \(oldest), "status": "\(status)", "task": \(task),
             "tasks": \(tasks)}
            """
    }
}
