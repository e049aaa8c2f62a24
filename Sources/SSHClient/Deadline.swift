import EventLoop

/// A timer that does not outlive the state it limits: its last reference cancels it.
final class Deadline {
    private let timer: Timer

    /// - Parameter expired: called once, by the loop.
    init(after duration: Duration, on loop: EventLoop, expired: @escaping () -> Void) {
        timer = loop.timer(after: duration, expired)
    }

    deinit {
        timer.cancel()
    }
}
