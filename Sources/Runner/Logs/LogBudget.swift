import Synchronization

/// How many bytes of log a job may still write, all its logs together.
final class LogBudget: Sendable {
    private let rest: Mutex<Int>

    init(_ bytes: Int) {
        rest = Mutex(bytes)
    }

    /// - Returns: how many of these bytes may be written.
    func take(_ count: Int) -> Int {
        rest.withLock { rest in
            let taken = max(0, min(count, rest))
            rest -= taken
            return taken
        }
    }
}
