public import FoundationEssentials

/// One boot of this host, by which a later runner recognises its clock: CLOCK_BOOTTIME.
public struct Boot: Equatable, Sendable {
    /// random(4): boot_id. Empty: unknown.
    public var id: String
    /// When it began, by the wall clock at the time when this process started.
    public var began: Date

    public init(id: String, began: Date) {
        self.id = id
        self.began = began
    }

    /// How far the wall clock has been set since that other runner: the difference between its time and ours for the
    /// same moment. Zero after a reboot, because only the wall clock continues then.
    func step(since other: Boot) -> TimeInterval {
        id.isEmpty || id != other.id ? 0 : began.timeIntervalSince(other.began)
    }
}

/// Tells the time, and waits; tests have their own.
public struct Timekeeper: Sendable {
    public var now: @Sendable () -> Date
    /// Returns at that time; throws earlier if cancelled.
    public var wait: @Sendable (Date) async throws -> Void
    /// The wall clock, which others go by, and which can be set.
    public var wallClock: @Sendable () -> Date

    public var boot: Boot

    /// - Parameter wallClock: nil: nobody sets it.
    public init(
        boot: Boot, now: @escaping @Sendable () -> Date,
        wait: @escaping @Sendable (Date) async throws -> Void, wallClock: (@Sendable () -> Date)? = nil
    ) {
        self.boot = boot
        self.now = now
        self.wait = wait
        self.wallClock = wallClock ?? now
    }

    /// The same moment by this clock, of one that somebody else has named.
    func moment(of wallTime: Date) -> Date {
        wallTime.addingTimeInterval(now().timeIntervalSince(wallClock()))
    }

    /// The same moment for somebody else.
    func wallTime(of moment: Date) -> Date {
        moment.addingTimeInterval(wallClock().timeIntervalSince(now()))
    }

    /// The wall clock at the start of this process, continued with ContinuousClock (CLOCK_BOOTTIME), which also counts
    /// the time during which the machine sleeps, and which nobody can set.
    public static let system: Timekeeper = {
        let origin = Date()
        let start = ContinuousClock.now
        let now: @Sendable () -> Date = {
            origin.addingTimeInterval(seconds(start.duration(to: .now)))
        }
        let uptime = seconds(ContinuousClock().systemEpoch.duration(to: start))
        let id = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        return Timekeeper(
            boot: Boot(id: id ?? "", began: origin.addingTimeInterval(-uptime)),
            now: now,
            wait: { moment in
                let seconds = moment.timeIntervalSince(now())
                if seconds > 0 { try await Task.sleep(for: .seconds(seconds)) }
            }, wallClock: { Date() })
    }()

    private static func seconds(_ duration: Duration) -> TimeInterval {
        TimeInterval(duration.components.seconds) + TimeInterval(duration.components.attoseconds) / 1e18
    }
}
