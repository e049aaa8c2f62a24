import BuildAPI
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
        for code: RunnerError.Code in [
            .unauthenticated(isInvalid: true), .tooMany(quota), .tooOften(quota, seconds: 3), .noSpace,
        ] {
            metrics.refused(RunnerError(code, "No."))
        }
        let reasons = metrics.refusals.samples.filter { $0.value > 0 }.map { $0.labels[0] }.sorted()
        #expect(reasons == ["no_space", "too_many", "too_often", "wrong_token"])
        #expect(metrics.limitRefusals.samples == [Sample("sessions", value: 2)])
    }

    @Test func aChangeOfAJobCountsOnce() {
        let alice = Person(id: "1", name: "alice")
        var before = Job(id: JobID("1")!, owner: .person(alice), status: .running)
        var after = before
        after.sessions = [
            .init(session: "s", person: alice, kind: .exec, from: "192.0.2.1", since: .distantPast)
        ]
        metrics.jobChanged(from: before, to: after, in: "local")
        before = after
        after.status = .failed
        after.builderEnd = .init(reason: .fault)
        metrics.jobChanged(from: before, to: after, in: "local")
        metrics.jobChanged(from: after, to: after, in: "local")
        #expect(metrics.startedSessions.samples.contains(Sample("exec", value: 1)))
        #expect(metrics.endedJobs.samples == [Sample("local", "failed", value: 1)])
        #expect(metrics.endedBuilders.samples == [Sample("local", "fault", value: 1)])
    }
}
