public import EventLoop

/// A clock that jumps to the end of each wait, for loops that wait for nothing real.
public final class VirtualTime: PollSystem {
    public private(set) var now = Instant(nanoseconds: 0)
    /// Which descriptors have which events, at each wait; then there are no more events.
    public var events: [[CInt: Int32]] = []
    /// How long the loop would have waited, in nanoseconds.
    public private(set) var waits: [Int64] = []

    public init() {}

    public func poll(_ descriptors: inout [PolledDescriptor], for nanoseconds: Int64) -> CInt {
        waits.append(nanoseconds)
        let present = events.isEmpty ? [:] : events.removeFirst()
        var count: CInt = 0
        for index in descriptors.indices {
            descriptors[index].revents = Int16(present[descriptors[index].descriptor] ?? 0)
            if descriptors[index].revents != 0 { count += 1 }
        }
        if count == 0 {
            precondition(nanoseconds >= 0, "the loop would wait for ever")
            now.nanoseconds += nanoseconds
        }
        return count
    }
}
