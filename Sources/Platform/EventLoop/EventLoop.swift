import CLimits
import Glibc

/// The one loop of a session: descriptors and timers around poll(2), on one thread.
///
/// Handlers run on the loop, one after the other; a handler may add and cancel anything. The loop sleeps until
/// something happens.
public final class EventLoop {
    private var watches: [Watch] = []
    private var timers: [Timer] = []
    private var isStopped = false
    private var descriptors: [PolledDescriptor] = []
    private let system: any PollSystem

    /// - Parameter system: what the loop waits with; tests have their own.
    public init(_ system: any PollSystem = RealPollSystem()) {
        self.system = system
    }

    /// The current time, by the loop's own clock.
    public var now: Instant { system.now }

    /// How long ago a moment was.
    public func age(of moment: Instant) -> Duration {
        .nanoseconds(now.nanoseconds - moment.nanoseconds)
    }

    /// Calls the handler whenever one of the watch's events has happened.
    ///
    /// - Parameter descriptor: borrowed; it must stay open until the watch is cancelled.
    public func watch(
        _ descriptor: CInt, for events: Watch.Events, _ handler: @escaping (Watch.Events) -> Void
    ) -> Watch {
        let watch = Watch(descriptor: descriptor, events: events, handler: handler)
        watches.append(watch)
        return watch
    }

    /// Calls the handler once, when the time has passed.
    @discardableResult
    public func timer(after duration: Duration, _ handler: @escaping () -> Void) -> Timer {
        let timer = Timer(deadline: now + duration, handler: handler)
        timers.append(timer)
        return timer
    }

    /// Runs until `stop()`.
    public func run() {
        isStopped = false
        while !isStopped { turn() }
    }

    /// Ends `run()` after the handler that calls this has returned.
    public func stop() {
        isStopped = true
    }

    private func turn() {
        sp_turned()
        watches.removeAll { $0.isCancelled }
        timers.removeAll { $0.isCancelled }
        let polled = watches.filter { !$0.events.isEmpty }
        descriptors.removeAll(keepingCapacity: true)
        for watch in polled {
            descriptors.append(
                PolledDescriptor(descriptor: watch.descriptor, events: watch.events.pollEvents))
        }

        let count = wait()
        if count > 0 {
            for (watch, descriptor) in zip(polled, descriptors) where descriptor.revents != 0 {
                guard !watch.isCancelled else { continue }
                watch.handler(Watch.Events(revents: descriptor.revents))
                if isStopped { return }
            }
        }
        let now = now
        for timer in timers where !timer.isCancelled && timer.deadline <= now {
            timer.cancel()
            timer.handler()
            if isStopped { return }
        }
    }

    private func wait() -> CInt {
        var nanoseconds: Int64 = -1
        if let next = timers.lazy.map(\.deadline).min() {
            nanoseconds = max(0, next.nanoseconds - now.nanoseconds)
        }
        return system.poll(&descriptors, for: nanoseconds)
    }
}

/// A descriptor in the loop.
public final class Watch {
    public struct Events: OptionSet, Sendable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        public static let readable = Events(rawValue: 1)
        public static let writable = Events(rawValue: 2)
        /// The other side is gone for good: POLLERR, POLLNVAL. Reported whenever any event is watched.
        public static let error = Events(rawValue: 4)
        /// POLLHUP. Also always reported. On a pipe or terminal that is read, it means end of file after the remaining
        /// bytes.
        public static let hangUp = Events(rawValue: 8)

        var pollEvents: Int16 {
            var events: Int32 = 0
            if contains(.readable) { events |= POLLIN }
            if contains(.writable) { events |= POLLOUT }
            return Int16(events)
        }

        init(revents: Int16) {
            let revents = Int32(revents)
            var events: Events = []
            if revents & POLLIN != 0 { events.insert(.readable) }
            if revents & POLLOUT != 0 { events.insert(.writable) }
            if revents & (POLLERR | POLLNVAL) != 0 { events.insert(.error) }
            if revents & POLLHUP != 0 { events.insert(.hangUp) }
            self = events
        }
    }

    let descriptor: CInt
    let handler: (Events) -> Void
    /// Empty: the descriptor is ignored, even its errors. `[.error]` waits for errors only.
    public var events: Events
    private(set) var isCancelled = false

    init(descriptor: CInt, events: Events, handler: @escaping (Events) -> Void) {
        self.descriptor = descriptor
        self.events = events
        self.handler = handler
    }

    public func cancel() {
        isCancelled = true
    }
}

/// A timer.
public final class Timer {
    let deadline: Instant
    let handler: () -> Void
    private(set) var isCancelled = false

    init(deadline: Instant, handler: @escaping () -> Void) {
        self.deadline = deadline
        self.handler = handler
    }

    public func cancel() {
        isCancelled = true
    }
}
