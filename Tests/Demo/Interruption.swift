import Dispatch
import Glibc
import Synchronization

/// Ctrl-C, SIGTERM or a closed terminal: the demo ends in order instead of dying.
final class Interruption: Sendable {
    struct Interrupted: Error {}

    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]
    private let hasCome = Mutex(false)
    private let waiters = Mutex<[CheckedContinuation<Void, Never>]>([])

    init() {
        sources = [SIGINT, SIGTERM, SIGHUP].map {
            DispatchSource.makeSignalSource(signal: $0, queue: .global())
        }
        for source in sources {
            source.setEventHandler { [weak self] in self?.come() }
            source.activate()
        }
    }

    /// Returns when the signal has arrived, or the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if hasCome.withLock({ $0 }) || Task.isCancelled {
                    continuation.resume()
                } else {
                    waiters.withLock { $0.append(continuation) }
                }
            }
        } onCancel: {
            release()
        }
    }

    /// Runs `body`; abandons it and throws `Interrupted` when the signal arrives.
    func ends(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body() }
            group.addTask {
                await self.wait()
                if self.hasCome.withLock({ $0 }) { throw Interrupted() }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func come() {
        hasCome.withLock { $0 = true }
        release()
    }

    private func release() {
        let all = waiters.withLock { waiters in
            defer { waiters = [] }
            return waiters
        }
        for waiter in all { waiter.resume() }
    }
}
