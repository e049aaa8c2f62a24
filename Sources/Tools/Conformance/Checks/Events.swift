import BuildAPI
import Presentation

/// The stream of a job's changes: followed from the job's submission until it has failed.
extension Examination {
    func lookAtEvents() {
        var stream: Answer?
        check(.eventsType) {
            let id = try need(job, Self.noJob)
            let answer = client.get("/v1/jobs/\(id)/events", seconds: options.patience) {
                Event.all(in: $0.body).last.map(Self.isFinal) ?? false
            }
            try expect(answer, 200)
            stream = answer
            try expect(answer.mediaType == "text/event-stream", "Content-Type: \(answer.mediaType)")
            return "\(Event.all(in: answer.body).count) events"
        }
        let events = stream.map { Event.all(in: $0.body) }
        let none = "there was no stream of events"
        check(.eventsComment) {
            let stream = try need(stream, none)
            let first = try need(stream.firstByte, "the stream has no byte")
            try expect(stream.body.first == UInt8(ascii: ":"), "the first line is not a comment")
            try expect(first < .seconds(5), "the first byte came after \(first)")
            return "after \(first.components.seconds) s"
        }
        check(.eventsData) {
            let events = try need(events, none)
            try expect(!events.isEmpty, "there was no event")
            for event in events {
                let found = try decode(Job.self, event.data)
                try expect(found.id.description == job, "an event has another job: \(found.id)")
            }
            return Set(events.map(\.name)).sorted().joined(separator: ", ")
        }
        check(.eventsIDs) {
            let ids = try need(events, none).map(\.id)
            let numbers = ids.map { $0.flatMap { Int($0) } }
            try expect(numbers.allSatisfy { $0 != nil }, "an id is no number: \(ids.map { $0 ?? "none" })")
            let counted = numbers.compactMap(\.self)
            try expect(zip(counted, counted.dropFirst()).allSatisfy { $0 < $1 }, "\(counted)")
            return "\(counted)"
        }
        lookAtEnd(events)
        check(.eventsLastID) { try lookAtLastID() }
        check(.eventsUnknown) {
            try expect(client.get("/v1/jobs/\(Self.unknownJob)/events", seconds: 5), 404).summary
        }
    }

    /// The stream has been left at the job's end, or has run into our patience's.
    private func lookAtEnd(_ events: [Event]?) {
        check(.eventsEnd) {
            if options.job != nil { throw Deviation.skipped("the job that --job names had ended before") }
            let id = try need(job, Self.noJob)
            if events?.last.map(Self.isFinal) != true {
                // A service that sends no events may still be building.
                if events == nil { waitForEnd(of: id) }
                let found = client.get("/v1/jobs/\(id)").json
                let status = found?["status"]?.string ?? "absent"
                guard let events else { throw Deviation.skipped("there was no stream of events") }
                guard Self.isFinal(found) else {
                    throw Deviation.skipped("the job is \(status) after \(options.patience) s")
                }
                throw Deviation.broken(
                    "the job is \(status); the last of \(events.count.counted("event")) does not say so")
            }
            return events?.last?.name ?? ""
        }
        check(.jobsKept) {
            let found = client.get("/v1/jobs/\(try need(job, Self.noJob))").json
            let status = found?["status"]?.string ?? "absent"
            guard Self.isFinal(found) else { throw Deviation.skipped("the job is still \(status)") }
            guard status == "failed" else {
                throw Deviation.skipped("the job is \(status); --manifest names one that fails")
            }
            let state = found?["builder"]?["state"]?.string ?? "gone"
            try expect(state == "kept", "the job has failed, and its builder is \(state)")
            isKept = true
            return "until \(found?["builder"]?["kept_until"]?.string ?? "an unknown time")"
        }
    }

    private func waitForEnd(of id: String) {
        let start = ContinuousClock.now
        while start.duration(to: .now) < .seconds(options.patience) {
            if Self.isFinal(client.get("/v1/jobs/\(id)").json) { return }
            Pause.milliseconds(500)
        }
    }

    /// Nothing changes any more: a reader that has seen the current state receives nothing.
    private func lookAtLastID() throws -> String {
        guard isKept else { throw Deviation.skipped(Self.notKept) }
        let path = "/v1/jobs/\(try need(job, Self.noJob))/events"
        let first = client.get(path, seconds: 10) { !Event.all(in: $0.body).isEmpty }
        let event = try need(Event.all(in: first.body).first, "there was no event")
        let last = try need(event.id.flatMap { Int($0) }, "there was no id")
        let again = client.get(path, headers: ["Last-Event-ID: \(last)"], seconds: 2) {
            !Event.all(in: $0.body).isEmpty
        }
        try expect(again, 200)
        let told = Event.all(in: again.body).compactMap { $0.id.flatMap { Int($0) } }
        try expect(told.allSatisfy { $0 > last }, "after \(last) came \(told)")
        return "nothing after \(last)"
    }

    /// Whether this job will never run again.
    static func isFinal(_ job: JSONValue?) -> Bool {
        job?["status"]?.string.flatMap(Job.Status.init)?.isFinal ?? false
    }

    private static func isFinal(_ event: Event) -> Bool { isFinal(JSONValue(event.data)) }
}
