package import PrometheusMetrics

/// Every metric of a runner. docs/metrics.md explains them; a test compares the two.
package enum RunnerMetric {
    static let build = Metric(
        "sallyport_runner_build_info", .gauge, labels: ["version"], "Which version runs: always 1.")
    static let start = Metric(
        "sallyport_runner_start_time_seconds", .gauge, "When the runner started, in seconds since 1970.")

    // MARK: Jobs

    static let jobs = Metric(
        "sallyport_jobs", .gauge, labels: ["pool", "state"],
        "Jobs that wait, run or have a builder.")
    static let submittedJobs = Metric(
        "sallyport_jobs_submitted_total", .counter, labels: ["pool"], "Jobs that were submitted.")
    static let endedJobs = Metric(
        "sallyport_jobs_ended_total", .counter, labels: ["pool", "status"], "Jobs that have ended.")

    // MARK: Pools and builders

    static let slots = Metric(
        "sallyport_pool_slots", .gauge, labels: ["pool"], "Builders that a pool can have at once.")
    static let freeSlots = Metric(
        "sallyport_pool_free_slots", .gauge, labels: ["pool"], "Builders that a pool could still start.")
    static let waitingJobs = Metric(
        "sallyport_pool_waiting_jobs", .gauge, labels: ["pool"], "Jobs that have no builder yet.")
    static let longestWait = Metric(
        "sallyport_pool_longest_wait_seconds", .gauge, labels: ["pool"],
        "For how long the oldest job without a builder has waited.")
    static let refusingPools = Metric(
        "sallyport_pool_refusing", .gauge, labels: ["pool"],
        "Whether the allocator has refused a builder when it was last asked.")
    static let builders = Metric(
        "sallyport_builders", .gauge, labels: ["pool", "state"], "Builders.")
    static let uncertifiedBuilders = Metric(
        "sallyport_uncertified_builders", .gauge, labels: ["pool"],
        "Builders whose host keys the host authority has not certified.")
    static let endedBuilders = Metric(
        "sallyport_builders_ended_total", .counter, labels: ["pool", "reason"],
        "Builders that have ended, or could not be started.")
    static let allocations = Metric(
        "sallyport_allocations", .gauge, labels: ["pool", "state"],
        "Allocations that their pools have not released.")
    static let overdueAllocations = Metric(
        "sallyport_overdue_allocations", .gauge, labels: ["pool"],
        "Allocations that nobody has needed for an hour, and that are not released.")
    static let failedReleases = Metric(
        "sallyport_release_failures_total", .counter, labels: ["pool"],
        "Attempts to release an allocation that have failed.")
    static let allocationTimes = Metric(
        "sallyport_allocation_duration_seconds", .histogram, labels: ["pool", "result"],
        "How long attempts to allocate a builder took.")
    static let bootTimes = Metric(
        "sallyport_boot_duration_seconds", .histogram, labels: ["pool", "result"],
        "How long builders took from their allocation until they were ready.")

    // MARK: People

    static let claims = Metric(
        "sallyport_claims", .gauge, labels: ["kind"], "Sessions inside builders.")
    static let startedSessions = Metric(
        "sallyport_sessions_started_total", .counter, labels: ["kind"],
        "Sessions that have entered a builder.")
    static let streams = Metric(
        "sallyport_streams", .gauge, "Logs and jobs that are followed.")
    static let attachedMachines = Metric(
        "sallyport_attached_machines", .gauge, labels: ["state"], "Machines that have attached themselves.")
    static let attachments = Metric(
        "sallyport_machines_attached_total", .counter, "Machines that have attached themselves.")
    static let pairings = Metric(
        "sallyport_pairing_machines", .gauge, "Machines that wait for somebody to adopt them.")
    static let limits = Metric(
        "sallyport_limit", .gauge, labels: ["limit", "pool"], "A limit, as it is configured.")
    static let highestUses = Metric(
        "sallyport_limit_highest_use", .gauge, labels: ["limit", "pool"],
        "The highest use of a limit by one owner or person.")
    static let reachedLimits = Metric(
        "sallyport_limit_reached", .gauge, labels: ["limit", "pool"],
        "How many owners or people have reached a limit.")

    // MARK: Answers

    static let requests = Metric(
        "sallyport_http_requests_total", .counter, labels: ["method", "route", "status"],
        "Requests to the API that were answered.")
    static let requestTimes = Metric(
        "sallyport_http_request_duration_seconds", .histogram, labels: ["method", "route"],
        "How long requests to the API took until their answers began.")
    static let refusals = Metric(
        "sallyport_refusals_total", .counter, labels: ["reason"], "Requests to the API that were refused.")
    static let limitRefusals = Metric(
        "sallyport_limit_refusals_total", .counter, labels: ["limit"],
        "Requests to the API that were refused because of a limit.")

    // MARK: The host

    static let storeTimes = Metric(
        "sallyport_store_duration_seconds", .histogram, labels: ["operation"],
        "How long transactions of the database took, with the wait for their turn.")
    static let databaseSize = Metric(
        "sallyport_database_size_bytes", .gauge, "Bytes of the database, with its journal.")
    static let diskSize = Metric(
        "sallyport_state_filesystem_size_bytes", .gauge, "Bytes of the file system with state_dir.")
    static let diskSpace = Metric(
        "sallyport_state_filesystem_free_bytes", .gauge,
        "Bytes of the file system with state_dir that the runner can still use.")
    static let authority = Metric(
        "sallyport_host_authority_usable", .gauge,
        "Whether both halves of the key with which the runner signs host keys are in state_dir, and the same as at its start."
    )
    static let certificateEnd = Metric(
        "sallyport_tls_certificate_expiry_timestamp_seconds", .gauge,
        "When the certificate that the runner shows ends, in seconds since 1970.")

    package static let all = [
        build, start, jobs, submittedJobs, endedJobs, slots, freeSlots, waitingJobs, longestWait,
        refusingPools, builders, uncertifiedBuilders, endedBuilders, allocations, overdueAllocations,
        failedReleases, allocationTimes, bootTimes, claims, startedSessions, streams, attachedMachines,
        attachments, pairings, limits, highestUses, reachedLimits, requests, requestTimes, refusals,
        limitRefusals, storeTimes, databaseSize, diskSize, diskSpace, authority, certificateEnd,
    ]
}
