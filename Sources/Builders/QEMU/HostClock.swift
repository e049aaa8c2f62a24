import Foundation

/// The frequency of this host's time-stamp counter.
///
/// A `microvm` has no clock except the time-stamp counter. Under software emulation the guest counts with the
/// host's, and measures its frequency over a few milliseconds; on a busy host that fails, and the guest then
/// hangs silently early in its boot. So we tell it the frequency, and that it can rely on the counter: with nothing to compare
/// it with but its own ticks, which come late on a busy host, it would give the counter up, lose time, and never be idle.
enum HostClock {
    /// Kilohertz, or nil if the host does not say.
    static func timeStampCounterFrequency() -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
        return frequency(fromProcessorInformation: text)
    }

    /// On x86, Linux derives `bogomips` from the counter's frequency: twice its megahertz. (`cpu MHz`, on
    /// the other hand, is the processor's current speed.)
    static func frequency(fromProcessorInformation text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix("bogomips") {
            let value = line.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces)
            guard let bogomips = Double(value), (400...40_000).contains(bogomips) else { return nil }
            return Int((bogomips * 500).rounded())
        }
        return nil
    }
}
