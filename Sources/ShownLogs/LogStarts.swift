/// Where the logs of a job begin to be shown. Those that it does not name begin with their first byte.
public struct LogStarts: Equatable {
    /// Offsets, by the names of logs.
    public var offsets: [String: Int] = [:]
    /// Logs that end before the first line that is shown.
    public var skipped: Set<String> = []

    public init(offsets: [String: Int] = [:], skipped: Set<String> = []) {
        self.offsets = offsets
        self.skipped = skipped
    }
}
