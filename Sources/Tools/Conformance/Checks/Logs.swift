import BuildAPI
import Presentation

/// Logs, of a job that has ended.
extension Examination {
    func lookAtLogs() {
        check(.logsUnknown) {
            try expect(client.get(try log(Self.unknownJob)), 404).summary
        }
        check(.logsSetup) {
            let answer = try expect(client.get(try log(LogName.setup)), 200)
            return answer.body.count.counted("byte")
        }
        var task: String?
        var whole: [UInt8] = []
        check(.logsTask) {
            guard isKept else { throw Deviation.skipped(Self.notKept) }
            let found = client.get("/v1/jobs/\(try need(job, Self.noJob))").json
            let tasks = found?["tasks"]?.array ?? []
            let failed = tasks.first { $0["status"]?.string == "failed" }?["name"]?.string
            let name = try need(failed, "no task has failed")
            let answer = try expect(client.get(try log(name)), 200)
            (task, whole) = (name, answer.body)
            return "\(whole.count.counted("byte")) of task \(name)"
        }
        /// The log, with at least four bytes.
        func path() throws -> String {
            let name = try need(task, "no task's log could be read")
            guard whole.count >= 4 else {
                throw Deviation.skipped(
                    "the log of task \(name) has \(whole.count.counted("byte")); --manifest names a job that says more"
                )
            }
            return try log(name)
        }
        check(.logsRange) {
            let answer = try expect(client.get(try path(), headers: ["Range: bytes=1-2"]), 206)
            let range = answer.headers["content-range"] ?? "absent"
            try expect(range == "bytes 1-2/\(whole.count)", "Content-Range is \(range)")
            try expect(answer.body == Array(whole[1...2]), "wrong bytes, \(answer.body.count)")
            return range
        }
        check(.logsOffset) {
            let answer = try expect(client.get(try path(), headers: ["Range: bytes=2-"]), 206)
            try expect(answer.body == Array(whole[2...]), "wrong bytes, \(answer.body.count)")
            return answer.body.count.counted("byte")
        }
        check(.logsBehind) {
            let answer = try expect(client.get(try path(), headers: ["Range: bytes=\(whole.count)-"]), 416)
            let range = answer.headers["content-range"] ?? "absent"
            try expect(range == "bytes */\(whole.count)", "Content-Range is \(range)")
            return range
        }
        func follow(from offset: Int) throws -> String {
            let headers = offset > 0 ? ["Range: bytes=\(offset)-"] : []
            let answer = client.get(try path() + "?follow=true", headers: headers, seconds: 10)
            try expect(answer, offset > 0 ? 206 : 200)
            try expect(answer.end == .complete, "the answer has no end: \(answer.complaint)")
            try expect(answer.body == Array(whole[offset...]), "wrong bytes, \(answer.body.count)")
            return answer.body.count.counted("byte")
        }
        check(.logsFollow) { try follow(from: 0) }
        check(.logsFollowOffset) { try follow(from: 2) }
    }

    private func log(_ name: String) throws -> String {
        "/v1/jobs/\(try need(job, Self.noJob))/logs/\(name.percentEncoded)"
    }
}
