import Glibc
import Synchronization

/// Kills a command and its process group when its time is up.
final class Deadline: Sendable {
    private struct State {
        var process: pid_t?
        var late = false
        var over = false
    }

    private let state = Mutex(State())

    /// Whether the command was killed because its time was up.
    var passed: Bool { state.withLock { $0.late } }

    /// The command to kill.
    func watch(_ process: pid_t) {
        state.withLock { $0.process = process }
    }

    /// The command has ended; its process id may soon be reused.
    func finish() {
        state.withLock { $0.over = true }
    }

    /// Runs the clock; cancel the task when the command has ended.
    func start(_ duration: Duration) -> Task<Void, Never> {
        Task {
            guard (try? await Task.sleep(for: duration)) != nil else { return }
            state.withLock {
                guard !$0.over, let process = $0.process else { return }
                $0.late = true
                kill(-process, SIGKILL)
                kill(process, SIGKILL)
            }
        }
    }

    /// Ends the command now, because the caller has given up.
    func endNow() {
        state.withLock {
            guard !$0.over, let process = $0.process else { return }
            kill(-process, SIGKILL)
            kill(process, SIGKILL)
        }
    }
}
