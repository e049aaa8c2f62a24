import Synchronization

/// How many bytes a job can still write to its logs, all together.
final class LogBudget: Sendable {
    private let rest: Mutex<Int>

    init(_ bytes: Int) {
        rest = Mutex(bytes)
    }

    /// - Returns: how many of these bytes can be written.
    func take(_ count: Int) -> Int {
        rest.withLock { rest in
            let taken = max(0, min(count, rest))
            rest -= taken
            return taken
        }
    }
}
