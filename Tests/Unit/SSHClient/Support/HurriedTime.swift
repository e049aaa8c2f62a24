import EventLoop

/// Real descriptors and a clock that hurries: for each moment in which nothing has happened, a second is over. Both sides
/// of a connection must be on the loop.
final class HurriedTime: PollSystem {
    private(set) var now = Instant(nanoseconds: 0)
    /// How often the loop has waited.
    private(set) var turns = 0
    private let system = RealPollSystem()
    /// What is on its way over loopback arrives within a few of these, however busy the machine is.
    private static let moment: Int64 = 5_000_000
    private static let second: Int64 = 1_000_000_000

    func poll(_ descriptors: inout [PolledDescriptor], for nanoseconds: Int64) -> CInt {
        turns += 1
        precondition(turns < 300_000, "the loop turns and nothing comes of it")
        precondition(nanoseconds >= 0, "the loop would wait for ever")
        let count = system.poll(&descriptors, for: min(nanoseconds, Self.moment))
        if count == 0 { now.nanoseconds += min(nanoseconds, Self.second) }
        return count
    }
}
