import CLinux
import Glibc

/// A descriptor to wait for, and what has happened to it: poll(2)'s pollfd.
public struct PolledDescriptor {
    public let descriptor: CInt
    /// POLLIN and the like.
    public let events: Int16
    public var revents: Int16 = 0
}

/// What a loop needs from the system: the time, and a way to wait.
public protocol PollSystem {
    /// Never goes back.
    var now: Instant { get }

    /// Waits until something has happened to one of the descriptors, as poll(2) does.
    ///
    /// - Parameter nanoseconds: how long to wait at most; negative: without a limit.
    /// - Returns: how many descriptors have `revents`; 0: the time has passed; -1: interrupted.
    func poll(_ descriptors: inout [PolledDescriptor], for nanoseconds: Int64) -> CInt
}

/// CLOCK_MONOTONIC and ppoll(2).
public struct RealPollSystem: PollSystem {
    public init() {}

    public var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    public func poll(_ descriptors: inout [PolledDescriptor], for nanoseconds: Int64) -> CInt {
        // The same three members in the same order.
        precondition(MemoryLayout<PolledDescriptor>.size == MemoryLayout<pollfd>.size)
        return descriptors.withUnsafeMutableBufferPointer { buffer in
            buffer.withMemoryRebound(to: pollfd.self) {
                sp_poll($0.baseAddress, nfds_t($0.count), nanoseconds)
            }
        }
    }
}

/// A point in time on a loop's clock.
public struct Instant: Comparable, Sendable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    public static func + (instant: Instant, duration: Duration) -> Instant {
        let (seconds, attoseconds) = duration.components
        return Instant(
            nanoseconds: instant.nanoseconds + seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    public static func - (left: Instant, right: Instant) -> Duration {
        .nanoseconds(left.nanoseconds - right.nanoseconds)
    }
}
