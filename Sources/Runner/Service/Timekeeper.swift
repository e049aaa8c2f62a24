public import FoundationEssentials

/// One boot of this host, by which a later runner recognises its clock: CLOCK_BOOTTIME.
public struct Boot: Equatable, Sendable {
    /// random(4): boot_id. Empty: unknown.
    public var id: String
    /// When it began, by the wall clock as it stood when this process started.
    public var began: Date

    public init(id: String, began: Date) {
        self.id = id
        self.began = began
    }

    /// How much later than in that other runner's time the same moment is in ours: by so much the wall clock has been
    /// set. Zero after a reboot, since only the wall clock goes on then.
    func step(since other: Boot) -> TimeInterval {
        id.isEmpty || id != other.id ? 0 : began.timeIntervalSince(other.began)
    }
}

/// What time it is, and waiting; tests have their own.
public struct Timekeeper: Sendable {
    public var now: @Sendable () -> Date
    /// Returns at that time, or earlier with an error when cancelled.
    public var wait: @Sendable (Date) async throws -> Void

    public var boot: Boot

    public init(
        boot: Boot, now: @escaping @Sendable () -> Date, wait: @escaping @Sendable (Date) async throws -> Void
    ) {
        self.boot = boot
        self.now = now
        self.wait = wait
    }

    /// The wall clock as it was when this process started, going on with ContinuousClock (CLOCK_BOOTTIME): that counts
    /// the time that the machine sleeps, and nobody can set it.
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
            })
    }()

    private static func seconds(_ duration: Duration) -> TimeInterval {
        TimeInterval(duration.components.seconds) + TimeInterval(duration.components.attoseconds) / 1e18
    }
}
