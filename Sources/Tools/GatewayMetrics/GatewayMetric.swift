package import PrometheusMetrics

/// Every metric of a gateway. docs/metrics.md explains them; a test compares the two.
package enum GatewayMetric {
    /// The label that each of them has: the path of the gateway's configuration file, because a host can have several gateways.
    package static let common = "config"

    static let build = Metric(
        "sallyport_gateway_build_info", .gauge, labels: ["version"],
        "Which version the operator's tool has: always 1.")
    static let moment = Metric(
        "sallyport_gateway_collected_timestamp_seconds", .gauge,
        "When this was collected, in seconds since 1970.")
    static let isConfigured = Metric(
        "sallyport_gateway_configuration_usable", .gauge,
        "Whether the configuration file can be used; otherwise nobody can log in.")
    static let isServiceUp = Metric(
        "sallyport_gateway_service_up", .gauge, "Whether the build service answers a question about a key.")
    static let knowsPeople = Metric(
        "sallyport_gateway_service_knows_people", .gauge,
        "Whether the build service can tell whose a key is that it does not know.")
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
        "sallyport_gateway_session_failures_total", .counter, labels: ["phase"],
        "Logins that were let in, and whose commands a fault has ended.")
    static let entries = Metric(
        "sallyport_gateway_builder_entries_total", .counter, "Logins that have entered a builder.")
    static let lookups = Metric(
        "sallyport_gateway_key_lookups_total", .counter, labels: ["result"],
        "Look-ups of keys for sshd, with admission known.")
    static let readableKeys = Metric(
        "sallyport_gateway_key_usable", .gauge, labels: ["key"],
        "Whether the account can use a key of this gateway, and others cannot.")
    static let readableCounters = Metric(
        "sallyport_gateway_counters_readable", .gauge, labels: ["file"],
        "Whether a file of counters can be read; otherwise its counters are missing.")

    package static let all = [
        build, moment, isConfigured, isServiceUp, knowsPeople, lookupTime, clockOffset, commands, machines,
        cachedKeys, logins, failedSessions, entries, lookups, readableKeys, readableCounters,
    ]
}
