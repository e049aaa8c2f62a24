public import FoundationEssentials

/// Lengths of time, and points in time, for people.
public enum TimeLeft {
    /// `3 d 4 h`, `2 h 5 min`, `59 min`, `40 s`; never negative.
    public static func text(_ seconds: TimeInterval) -> String {
        let seconds = Int(min(max(0, seconds.rounded()), 1e9))
        let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60)
        return if days > 0 {
            hours > 0 ? "\(days) d \(hours) h" : "\(days) d"
        } else if hours > 0 {
            minutes > 0 ? "\(hours) h \(minutes) min" : "\(hours) h"
        } else if minutes > 0 {
            "\(minutes) min"
        } else {
            "\(seconds) s"
        }
    }

    public static func text(until moment: Date, from now: Date = .now) -> String {
        text(moment.timeIntervalSince(now))
    }

    /// `2026-11-21 10:00 UTC`: nobody knows the person's own zone.
    public static func moment(_ date: Date) -> String {
        let text = date.formatted(.iso8601)
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5)) UTC"
    }

    /// `10:00 UTC` if that is less than a day away; otherwise with the date.
    public static func nearMoment(_ date: Date, from now: Date) -> String {
        date.timeIntervalSince(now) < 86400 ? String(moment(date).dropFirst(11)) : moment(date)
    }
}
