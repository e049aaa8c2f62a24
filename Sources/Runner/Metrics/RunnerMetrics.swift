import BuildAPI
import FoundationEssentials
import HTTPTypes
import PrometheusMetrics

/// What happens in a runner, counted as it happens. How it is at the moment is read when somebody asks: ``Scrape``.
final class RunnerMetrics: Sendable {
    /// What an attempt to get a builder, or to boot it, has come to.
    enum BuilderResult: String, CaseIterable {
        case success
        case notNow = "not_now"
        case failed
        case cancelled
    }

    let submittedJobs = Counter(RunnerMetric.submittedJobs)
    let endedJobs = Counter(RunnerMetric.endedJobs)
    let endedBuilders: Counter
    let failedReleases: Counter
    let allocationTimes = Histogram(RunnerMetric.allocationTimes, bounds: Histogram.machines)
    let bootTimes = Histogram(RunnerMetric.bootTimes, bounds: Histogram.machines)
    let startedSessions = Counter(
        RunnerMetric.startedSessions, expecting: Claim.Kind.allCases.map { [$0.rawValue] })
    let attachments = Counter(RunnerMetric.attachments)
    let requests = Counter(RunnerMetric.requests)
    let requestTimes = Histogram(RunnerMetric.requestTimes, bounds: Histogram.answers)
    let refusals = Counter(RunnerMetric.refusals, expecting: RunnerError.Code.faults.map { [$0.reason] })
    let limitRefusals = Counter(RunnerMetric.limitRefusals)
    let storeTimes = Histogram(RunnerMetric.storeTimes, bounds: Histogram.answers)

    /// - Parameter pools: their names.
    init(pools: [String] = []) {
        let fault = Job.BuilderEnd.Reason.fault.rawValue
        endedBuilders = Counter(RunnerMetric.endedBuilders, expecting: pools.map { [$0, fault] })
        failedReleases = Counter(RunnerMetric.failedReleases, expecting: pools.map { [$0] })
    }

    var counters: [Counter] {
        [
            submittedJobs, endedJobs, endedBuilders, failedReleases, startedSessions, attachments, requests,
            refusals, limitRefusals,
        ]
    }

    var histograms: [Histogram] { [allocationTimes, bootTimes, requestTimes, storeTimes] }

    // MARK: Events

    /// - Parameters:
    ///   - pool: its name; empty: it is none of the runner's.
    ///   - wasAllocated: whether its pool has been asked for a builder.
    func jobChanged(from before: Job, to job: Job, in pool: String, wasAllocated: Bool) {
        if job.status.isFinal, !before.status.isFinal { endedJobs.count(pool, job.status.rawValue) }
        // The job can have failed before anything was asked of the pool: that is no fault of its.
        let isBuilders = wasAllocated || job.builderEnd?.reason != .fault
        if let end = job.builderEnd, end != before.builderEnd, isBuilders {
            endedBuilders.count(pool, end.reason.rawValue)
        }
        for session in job.sessions where !before.sessions.contains(where: { $0.session == session.session })
        {
            startedSessions.count(session.kind.rawValue)
        }
    }

    func allocated(
        in pool: String, _ result: BuilderResult, after start: Date, _ timekeeper: Timekeeper
    ) {
        allocationTimes.observe(timekeeper.now().timeIntervalSince(start), pool, result.rawValue)
    }

    func booted(in pool: String, _ result: BuilderResult, after start: Date, _ timekeeper: Timekeeper) {
        bootTimes.observe(timekeeper.now().timeIntervalSince(start), pool, result.rawValue)
    }

    /// - Parameter path: as the client has sent it.
    func answered(
        _ method: HTTPRequest.Method, _ path: String, _ status: HTTPResponse.Status,
        since start: ContinuousClock.Instant
    ) {
        let route = Resource(path: path)?.route ?? Self.other
        let method = Self.methods.contains(method) ? method.rawValue : Self.other
        requests.count(method, route, "\(status.code)")
        requestTimes.observe(since: start, method, route)
    }

    func refused(_ error: RunnerError) {
        refusals.count(error.code.reason)
        if let limit = error.limit { limitRefusals.count(limit.rawValue) }
    }

    /// Whatever clients invent.
    private static let other = "other"
    private static let methods: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .delete]
}
