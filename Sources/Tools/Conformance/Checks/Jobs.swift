import BuildAPI
import FoundationEssentials
import Presentation

/// Jobs, until the builder boots.
extension Examination {
    static let noJob = "no job could be submitted"
    static let notKept = "the job has not failed, or its builder was not kept"

    func lookAtJobs() {
        job = options.job
        check(.jobsMalformed) {
            let answer = try expect(try submit(Array("tasks: [\n".utf8)), 422)
            let problem = answer.json
            try expect(
                problem?["line"]?.number != nil || problem?["key"]?.string != nil,
                "422 without a line or a key")
            return problem?["detail"]?.string ?? answer.summary
        }
        check(.answersTooLarge) {
            let answer = try expect(
                try submit([UInt8](repeating: UInt8(ascii: "#"), count: 1 << 20 + 1)), 413)
            return answer.summary
        }
        check(.jobsSubmit) {
            let answer = try expect(try submit(options.manifest), 201)
            job = answer.json?["id"]?.string.flatMap { JobID($0)?.description }
            let name = answer.json?["owner"]?["name"]?.string ?? "nobody"
            try expect(name == options.owner, "the owner is \(name), not \(options.owner)")
            try expect(answer.json?["note"]?.string == "conformance", "the note is not that of the request")
            return answer.json?["id"]?.string ?? "a job without an id"
        }
        check(.jobsID) {
            let answer = try need(
                client.answers.last { $0.status == 201 && $0.request.contains("/v1/jobs") }, Self.noJob)
            let id = answer.json?["id"]?.string ?? "none"
            try expect(JobID(id) != nil, id)
            return id
        }
        check(.claimsEarly) {
            if options.job != nil {
                throw Deviation.skipped("the builder of the job that --job names is ready")
            }
            let answer = claim(try need(job, Self.noJob), by: try claimantNow(), session: Self.session())
            if answer.status == 201, let id = answer.json?["id"]?.string {
                standing.append(id)
                let state = answer.json?["builder"]?["state"]?.string
                guard state == "booting" else { throw Deviation.skipped("the builder was ready at once") }
            }
            return try expect(answer, 409).summary
        }
        check(.jobsGet) {
            let id = try need(job, Self.noJob)
            let found = try decode(Job.self, try expect(client.get("/v1/jobs/\(id)"), 200).body)
            try expect(found.id.description == id, "it is another job: \(found.id)")
            return "\(found.status.rawValue), \(found.tasks.count.counted("task"))"
        }
        check(.jobsTimes) {
            let id = try need(job, Self.noJob)
            let found = client.get("/v1/jobs/\(id)").json
            for name in ["created", "deadline", "max_deadline"] {
                guard let time = found?[name], time.isThere else { continue }
                let text = time.string ?? "no text"
                let isUTC = text.hasSuffix("Z") || text.hasSuffix("+00:00")
                try expect(
                    isUTC && (try? Date(text.prefix(19) + "Z", strategy: .iso8601)) != nil, "\(name): \(text)"
                )
            }
            return found?["created"]?.string ?? "no time yet"
        }
        check(.jobsList) {
            let id = try need(job, Self.noJob)
            let owner = try claimantNow().id
            let answer = try expect(client.get("/v1/jobs?owner=\(owner.percentEncoded)&live=true"), 200)
            let jobs = answer.json?["jobs"]?.array ?? []
            try expect(jobs.contains { $0["id"]?.string == id }, "job \(id) is missing")
            try expect(
                jobs.allSatisfy { $0["owner"]?["id"]?.string == owner }, "other people's jobs are among them")
            return jobs.count.counted("job")
        }
        check(.jobsUnknown) { try expect(client.get("/v1/jobs/\(Self.unknownJob)"), 404).summary }
        lookAtCancellation()
        lookAtPagesOfJobs()
    }

    private func lookAtCancellation() {
        check(.jobsCancel) {
            let second = try expect(try submit(options.manifest), 201).json?["id"]?.string
            let id = try need(second.flatMap { JobID($0) }, "the second job has no id")
            let answer = cancel(id.description)
            guard answer.status != 409 else { throw Deviation.skipped("the job had ended already") }
            let status = try expect(answer, 200).json?["status"]?.string
            cancelled = id.description
            try expect(status == "cancelled", "the job's status is \(status ?? "absent")")
            try wait("job \(id) still has a builder") { hasNoBuilder(id.description) }
            return answer.summary
        }
        check(.claimsGone) {
            let id = try need(cancelled, "no job was cancelled")
            return try expect(claim(id, by: try claimantNow(), session: Self.session()), 410).summary
        }
    }

    func cancel(_ id: String) -> Answer { client.send("POST", change("cancel", of: id), body: []) }

    func endBuilder(of id: String) -> Answer { client.send("DELETE", change("builder", of: id)) }

    /// Names the person whose key is known, because a gateway must say for whom it asks.
    private func change(_ what: String, of id: String) -> String {
        "/v1/jobs/\(id)/\(what)" + (claimant.map { "?person=\($0.id.percentEncoded)" } ?? "")
    }

    /// Waits until the condition holds, for as long as a service can take to settle.
    func wait(_ complaint: String, until condition: () -> Bool) throws {
        let start = ContinuousClock.now
        while !condition() {
            try expect(start.duration(to: .now) < .seconds(options.settling), complaint)
            Pause.milliseconds(100)
        }
    }

    func hasNoBuilder(_ id: String) -> Bool {
        client.get("/v1/jobs/\(id)").json?["builder"].map { !$0.isThere } ?? true
    }

    /// No service has this job, because services choose the ids.
    static let unknownJob = "conformance-unknown-0"

    private func submit(_ manifest: [UInt8]) throws -> Answer {
        guard options.job == nil else { throw Deviation.skipped("nothing is submitted, because of --job") }
        let answer = client.send(
            "POST", "/v1/jobs?owner=\(options.owner.percentEncoded)&note=conformance",
            headers: ["Content-Type: application/yaml"], body: manifest)
        if answer.status == 201, let id = answer.json?["id"]?.string.flatMap({ JobID($0) }) {
            submitted.append(id.description)
        }
        return answer
    }
}
