/// A length of time in words: `40 seconds`, `10 minutes`, `2 hours 5 minutes`, `3 days`.
public enum SpokenDuration {
    /// - Parameter seconds: 50 and more are rounded to minutes; a negative time is `0 seconds`.
    public static func words(_ seconds: Double) -> String {
        guard seconds >= 50 else { return Int(max(0, seconds.rounded(.up))).counted("second") }
        // No service means more than a century.
        let minutes = Int((min(seconds, 3_155_760_000) / 60).rounded())
        let (hours, days) = (minutes / 60, minutes / 1440)
        if days >= 2 { return join(days.counted("day"), hours % 24, "hour") }
        if hours >= 1 { return join(hours.counted("hour"), minutes % 60, "minute") }
        return max(1, minutes).counted("minute")
    }

    public static func words(_ duration: Duration) -> String {
        words(Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18)
    }

    /// As people write it: `72h`, `90m`, `45s`.
    public static func written(_ seconds: Int) -> String {
        if seconds % 3600 == 0 { return "\(seconds / 3600)h" }
        return seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
    }

    private static func join(_ first: String, _ number: Int, _ unit: String) -> String {
        number == 0 ? first : "\(first) \(number.counted(unit))"
    }
}
