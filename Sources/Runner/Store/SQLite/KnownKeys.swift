import BuildAPI
import Synchronization

/// Remembers whose some keys are, until anything about people or keys changes.
final class KnownKeys: Sendable {
    private struct State {
        var keys: [String: Key] = [:]
        /// Counts the changes: an answer from before one must not be remembered after it.
        var changes = 0
    }

    /// More than a busy service has in use. If there are more, all are forgotten.
    private static let limit = 10_000

    private let state = Mutex(State())

    subscript(fingerprint: String) -> Key? { state.withLock { $0.keys[fingerprint] } }

    /// Looks a key up, and remembers it if it is somebody's.
    func find(
        _ fingerprint: String, by look: () async throws(RunnerError) -> Key?
    ) async throws(RunnerError) -> Key? {
        let (known, changes) = state.withLock { ($0.keys[fingerprint], $0.changes) }
        if let known { return known }
        guard let found = try await look() else { return nil }
        state.withLock { state in
            guard state.changes == changes else { return }
            if state.keys.count >= Self.limit { state.keys = [:] }
            state.keys[fingerprint] = found
        }
        return found
    }

    func forget() {
        state.withLock { state in
            state.keys = [:]
            state.changes += 1
        }
    }
}
