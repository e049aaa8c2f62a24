import EventLoop

/// Real descriptors and a clock that jumps: when nothing has happened for a moment, it is as late as the loop would have
/// waited for. Both sides of a connection must be on the loop.
final class HurriedTime: PollSystem {
    private(set) var now = Instant(nanoseconds: 0)
    /// How often the loop has waited.
    private(set) var turns = 0
    private let system = RealPollSystem()
    /// What is on its way over loopback arrives within that time.
    private static let moment: Int64 = 10_000_000

    func poll(_ descriptors: inout [PolledDescriptor], for nanoseconds: Int64) -> CInt {
        turns += 1
        let isForEver = nanoseconds < 0
        let count = system.poll(
            &descriptors, for: isForEver ? Self.moment : min(nanoseconds, Self.moment))
        precondition(count != 0 || !isForEver, "the loop would wait for ever")
        if count == 0 { now.nanoseconds += nanoseconds }
        return count
    }
}
