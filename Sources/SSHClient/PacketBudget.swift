import EventLoop

/// How many packets without a program's bytes a builder can send: requests, answers, windows, and what is to be ignored.
struct PacketBudget {
    /// At once.
    static let burst = 5_000.0
    static let perSecond = 1_000.0
    /// A builder that is sent much opens its windows often: one packet more for each so many bytes of ours. An answer of
    /// ours has one byte, so requests do not pay for themselves.
    static let bytesForOne = 256.0

    private var left = burst
    private var packets: UInt64 = 0
    private var bytesSent: UInt64 = 0
    private var time: Instant?

    /// Pays for what has come since the last time; false if it is too much.
    ///
    /// - Parameters:
    ///   - packets: those without a program's bytes, so far.
    ///   - bytesSent: ours, so far.
    mutating func pay(packets: UInt64, bytesSent: UInt64, at now: Instant) -> Bool {
        let seconds = time.map { Double(now.nanoseconds - $0.nanoseconds) / 1e9 } ?? 0
        let earned = seconds * Self.perSecond + Double(bytesSent - self.bytesSent) / Self.bytesForOne
        let spent = packets > self.packets ? Double(packets - self.packets) : 0
        left = min(left + earned - spent, Self.burst)
        (self.packets, self.bytesSent, time) = (max(packets, self.packets), bytesSent, now)
        return left >= 0
    }
}
