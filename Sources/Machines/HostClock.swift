import Foundation

/// The frequency of this host's time-stamp counter.
///
/// A `microvm` has no other clock than the time-stamp counter. Under software emulation the guest counts with the
/// host's, and finds out its frequency by timing a few milliseconds; on a busy host that fails, and the guest then
/// hangs without a word early in its boot. So it is told.
enum HostClock {
    /// Kilohertz, or nil where the host does not say.
    static func timeStampCounterFrequency() -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
        return frequency(fromProcessorInformation: text)
    }

    /// On x86 Linux takes `bogomips` from the counter's frequency: twice as many as it has megahertz. (`cpu MHz` on
    /// the other hand is the processor's speed of the moment.)
    static func frequency(fromProcessorInformation text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix("bogomips") {
            let value = line.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces)
            guard let bogomips = Double(value), (400...40_000).contains(bogomips) else { return nil }
            return Int((bogomips * 500).rounded())
        }
        return nil
    }
}
