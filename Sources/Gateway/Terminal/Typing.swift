import EventLoop
import SSHClient

/// Tells a person who logs out from a shell that ends by itself: before its first prompt, or because of TMOUT.
///
/// A logout is typed (`exit`, Ctrl-D), after the shell has shown something, and the shell ends at once.
struct Typing {
    /// How long a shell can take to end after the last key.
    static let longestLogout = Duration.seconds(10)

    private var hasSeenOutput = false
    private var last: Instant?

    mutating func observe(_ traffic: PumpTraffic, at now: Instant) {
        switch traffic {
        case .output: hasSeenOutput = true
        case .input: if hasSeenOutput { last = now }
        }
    }

    /// Whether a shell that ends now has been ended by the person.
    func isLogout(at now: Instant) -> Bool {
        guard let last else { return false }
        return now <= last + Self.longestLogout
    }
}
