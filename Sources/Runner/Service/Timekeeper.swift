public import FoundationEssentials

/// What time it is, and waiting; tests have their own.
public struct Timekeeper: Sendable {
    public var now: @Sendable () -> Date
    /// Returns at that time, or earlier with an error when cancelled.
    public var wait: @Sendable (Date) async throws -> Void

    public init(now: @escaping @Sendable () -> Date, wait: @escaping @Sendable (Date) async throws -> Void) {
        self.now = now
        self.wait = wait
    }

    public static let system = Timekeeper(
        now: { Date() },
        wait: { moment in
            // In steps, so that a clock that is set meanwhile does no harm for long.
            while true {
                let seconds = moment.timeIntervalSinceNow
                guard seconds > 0 else { return }
                try await Task.sleep(for: .seconds(min(seconds, 60)))
            }
        })
}
