package import PrometheusMetrics

/// Every metric of a gateway. docs/metrics.md explains them; a test compares the two.
package enum GatewayMetric {
    static let build = Metric(
        "sallyport_gateway_build_info", .gauge, labels: ["version"],
        "Which version the operator's tool has: always 1.")
    static let moment = Metric(
        "sallyport_gateway_collected_timestamp_seconds", .gauge,
        "When this was collected, in seconds since 1970.")
    static let isServiceUp = Metric(
        "sallyport_gateway_service_up", .gauge, "Whether the build service answers a question about a key.")
    static let lookupTime = Metric(
        "sallyport_gateway_key_lookup_seconds", .gauge,
        "How long the build service took to answer a question about a key.")
    static let clockOffset = Metric(
        "sallyport_gateway_service_clock_offset_seconds", .gauge,
        "How far the build service's clock is ahead of this one.")
    static let commands = Metric(
        "sallyport_gateway_commands", .gauge, labels: ["kind"], "Commands that run at this gateway.")
    static let machines = Metric(
        "sallyport_gateway_attached_machines", .gauge, "Machines that have dialled this gateway.")
    static let cachedKeys = Metric(
        "sallyport_gateway_cached_keys", .gauge, "Answers about keys that are cached.")
    static let logins = Metric(
        "sallyport_gateway_logins_total", .counter, labels: ["result"],
        "Logins that have reached the forced command.")
    static let failedSessions = Metric(
        "sallyport_gateway_session_failures_total", .counter,
        "Sessions that were let in, and that a fault has ended.")
    static let lookups = Metric(
        "sallyport_gateway_key_lookups_total", .counter, labels: ["result"],
        "Look-ups of keys for sshd, with admission known.")
    static let readableKeys = Metric(
        "sallyport_gateway_key_usable", .gauge, labels: ["key"],
        "Whether a key of this gateway is there, and safe from others.")

    package static let all = [
        build, moment, isServiceUp, lookupTime, clockOffset, commands, machines, cachedKeys, logins,
        failedSessions, lookups, readableKeys,
    ]
}
