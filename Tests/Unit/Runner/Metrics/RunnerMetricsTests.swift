import BuildAPI
import ConfigurationFile
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import PrometheusMetrics
@testable import Runner

/// What is counted of requests and of jobs, and that nobody outside can make up a label.
@Suite struct RunnerMetricsTests {
    private let metrics = RunnerMetrics(pools: ["local"])

    @Test func requestsAreCountedByTheRouteAndNotByWhatTheyAreAbout() {
        for (method, path) in [
            (HTTPRequest.Method.get, "/v1/jobs/1"), (.get, "/v1/jobs/2"), (.delete, "/v1/jobs/3/shares/bob"),
            (.get, "/v1/nothing/secret"), (.init("BREW")!, "/"),
        ] {
            metrics.answered(method, path, .ok, since: .now)
        }
        let labels = metrics.requests.samples.map { $0.labels.joined(separator: " ") }
        #expect(
            labels.sorted() == [
                "DELETE /v1/jobs/{id}/shares/{name} 200", "GET /v1/jobs/{id} 200", "GET other 200",
                "other other 200",
            ])
        #expect(metrics.requests.samples.contains(Sample("GET", "/v1/jobs/{id}", "200", value: 2)))
        #expect(metrics.requestTimes.series.count == 4)
    }

    @Test func routesAreThoseOfTheInterface() throws {
        let page = try Project.text(of: "docs/build-service.yaml")
        let paths = page.matches(of: #/(?m)^  (\/v1\/[^:]+):$/#).map { String($0.1) }
        #expect(paths.count > 35)
        for path in paths {
            // A job has a number, an attachment 32 digits.
            let example = path.replacing("{id}", with: "7").replacing(
                #/\{(attachment|pairing)\}/#, with: String(repeating: "a", count: 32)
            ).replacing(#/\{[a-z]+\}/#, with: "x")
            #expect(Resource(path: example)?.route == path, "\(example)")
        }
    }

    @Test func refusalsAreCountedByTheirReason() {
        let quota = Quota(what: "sessions", limit: 10)
        for code: RunnerError.Code in [.unauthenticated(isInvalid: true), .noSpace] {
            metrics.refused(RunnerError(code, "No."))
        }
        for code: RunnerError.Code in [.tooMany(quota), .tooOften(quota, seconds: 3)] {
            metrics.refused(RunnerError(code, "No.", limit: .sessionsPerPerson))
        }
        let reasons = metrics.refusals.samples.filter { $0.value > 0 }.map { $0.labels[0] }.sorted()
        #expect(reasons == ["no_space", "too_many", "too_often", "wrong_token"])
        #expect(metrics.limitRefusals.samples == [Sample("sessions_per_person", value: 2)])
    }

    /// One name for each limit, wherever it is.
    @Test func limitsAreCalledAsInTheConfiguration() throws {
        let page = try Project.text(of: "docs/configuration.md")
        for limit in Limit.allCases {
            #expect(page.contains("| `\(limit.rawValue)` |") == limit.isConfigurable, "\(limit)")
        }
    }

    /// Those of the API's refusals that are for a limit say which.
    @Test func aRefusalForALimitNamesIt() throws {
        var limits = Configuration.Runner.Limits()
        limits.attachments = 0
        let alice = Party.person(Person(id: "1", name: "alice"))
        let error = #expect(throws: RunnerError.self) {
            try AttachmentLimits(machines: [], limits: limits).check(
                .init(owner: alice), from: "192.0.2.1")
        }
        #expect(error?.limit == .attachments)
        let streams = StreamLimit(ofPerson: 0)
        let other = #expect(throws: RunnerError.self) { _ = try streams.begin(for: "1", of: "root") }
        #expect(other?.limit == .streamsPerPerson)
    }

    @Test func aChangeOfAJobCountsOnce() {
        let alice = Person(id: "1", name: "alice")
        var before = Job(id: JobID("1")!, owner: .person(alice), status: .running)
        var after = before
        after.sessions = [
            .init(session: "s", person: alice, kind: .exec, from: "192.0.2.1", since: .distantPast)
        ]
        metrics.jobChanged(from: before, to: after, in: "local", wasAllocated: true)
        before = after
        after.status = .failed
        after.builderEnd = .init(reason: .fault)
        metrics.jobChanged(from: before, to: after, in: "local", wasAllocated: true)
        metrics.jobChanged(from: after, to: after, in: "local", wasAllocated: true)
        #expect(metrics.startedSessions.samples.contains(Sample("exec", value: 1)))
        #expect(metrics.endedJobs.samples == [Sample("local", "failed", value: 1)])
        #expect(metrics.endedBuilders.samples == [Sample("local", "fault", value: 1)])
        // Its pool has not been asked for anything.
        metrics.jobChanged(from: before, to: after, in: "local", wasAllocated: false)
        #expect(metrics.endedJobs.samples == [Sample("local", "failed", value: 2)])
        #expect(metrics.endedBuilders.samples == [Sample("local", "fault", value: 1)])
    }
}
