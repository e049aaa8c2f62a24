import Foundation
import Synchronization

@testable import Runner

/// A clock that advances only when a test says so.
final class ManualClock: Sendable {
    private struct State {
        var now = Date(timeIntervalSince1970: 1_800_000_000)
        /// How far the wall clock has been set ahead since the runner's start.
        var wallAhead = 0.0
        var boot = Boot(id: "first", began: Date(timeIntervalSince1970: 1_799_999_000))
        var waiting: [UUID: (moment: Date, continuation: CheckedContinuation<Void, any Error>)] = [:]
    }

    private let state = Mutex(State())

    var now: Date { state.withLock { $0.now } }

    /// Wakes everyone who waits for a time until then.
    func advance(by seconds: Double) {
        let due = state.withLock { state in
            state.now += seconds
            let due = state.waiting.filter { $0.value.moment <= state.now }
            for key in due.keys { state.waiting[key] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    /// Someone sets the wall clock. A running runner does not notice; the next one does.
    func step(by seconds: Double) {
        state.withLock { state in
            state.now += seconds
            state.boot.began += seconds
        }
    }

    /// Someone sets the wall clock while a runner runs.
    func setWall(ahead seconds: Double) { state.withLock { $0.wallAhead = seconds } }

    /// The host is off for that many seconds.
    func reboot(behind seconds: Double) {
        state.withLock { state in
            state.now += seconds
            state.boot = Boot(id: "second", began: state.now)
        }
    }

    var timekeeper: Timekeeper {
        Timekeeper(
            boot: state.withLock { $0.boot }, now: { self.now }, wait: { try await self.wait(until: $0) },
            wallClock: { self.state.withLock { $0.now + $0.wallAhead } })
    }

    private func wait(until moment: Date) async throws {
        let key = UUID()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Void, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.now >= moment { return .success(()) }
                    state.waiting[key] = (moment, continuation)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: key) }?
                .continuation.resume(throwing: CancellationError())
        }
    }
}
