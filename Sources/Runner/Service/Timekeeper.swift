public import FoundationEssentials
import Glibc

/// What time it is, and waiting; tests have their own.
public struct Timekeeper: Sendable {
    public var now: @Sendable () -> Date
    /// Returns at that time, or earlier with an error when cancelled.
    public var wait: @Sendable (Date) async throws -> Void

    public init(now: @escaping @Sendable () -> Date, wait: @escaping @Sendable (Date) async throws -> Void) {
        self.now = now
        self.wait = wait
    }

    /// The wall clock as it was when this process started, going on with the time since boot: it counts the time that
    /// the machine sleeps, and nobody can set it (clock_gettime(2), CLOCK_BOOTTIME).
    public static let system: Timekeeper = {
        let origin = Date()
        let start = sinceBoot()
        let now: @Sendable () -> Date = { origin.addingTimeInterval(sinceBoot() - start) }
        return Timekeeper(
            now: now,
            wait: { moment in
                while true {
                    let seconds = moment.timeIntervalSince(now())
                    guard seconds > 0 else { return }
                    try await Task.sleep(for: .seconds(min(seconds, 60)))
                }
            })
    }()

    private static func sinceBoot() -> TimeInterval {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return TimeInterval(time.tv_sec) + TimeInterval(time.tv_nsec) / 1e9
    }
}
