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

    /// The wall clock as it was when this process started, going on with ContinuousClock (CLOCK_BOOTTIME): that counts
    /// the time that the machine sleeps, and nobody can set it.
    public static let system: Timekeeper = {
        let origin = Date()
        let start = ContinuousClock.now
        let now: @Sendable () -> Date = {
            let (seconds, attoseconds) = start.duration(to: .now).components
            return origin.addingTimeInterval(TimeInterval(seconds) + TimeInterval(attoseconds) / 1e18)
        }
        return Timekeeper(
            now: now,
            wait: { moment in
                let seconds = moment.timeIntervalSince(now())
                if seconds > 0 { try await Task.sleep(for: .seconds(seconds)) }
            })
    }()
}
