/// Where the logs of a job begin to be shown. Those that it does not name begin with their first byte.
struct LogStarts: Equatable {
    /// Offsets, by the names of logs.
    var offsets: [String: Int] = [:]
    /// Logs that end before the first line that is shown.
    var skipped: Set<String> = []
}
