import Synchronization

/// Lets at most so many through at once; the others wait in line.
final class Gate: Sendable {
    private struct State {
        var free: Int
        var line: [(number: Int, continuation: CheckedContinuation<Bool, Never>)] = []
        var last = 0
    }

    private let state: Mutex<State>

    init(_ count: Int) {
        state = Mutex(State(free: count))
    }

    /// Does it when there is room, in the order in which it is called.
    func pass<Value, Failure>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        _ = await enter(nextNumber(), isolation: isolation)
        defer { leave() }
        return try await body()
    }

    /// The same, but a task that is cancelled leaves the line, and throws CancellationError.
    func passUnlessCancelled<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
    ) async throws -> Value {
        let number = nextNumber()
        let isIn = await withTaskCancellationHandler {
            await enter(number, while: { !Task.isCancelled }, isolation: isolation)
        } onCancel: {
            let waiter = state.withLock { state in
                state.line.firstIndex { $0.number == number }.map { state.line.remove(at: $0) }
            }
            waiter?.continuation.resume(returning: false)
        }
        guard isIn else { throw CancellationError() }
        defer { leave() }
        return try await body()
    }

    private func nextNumber() -> Int {
        state.withLock { state in
            state.last += 1
            return state.last
        }
    }

    /// On the caller's actor: who calls first is first in the line.
    ///
    /// - Parameter isWanted: whether it still makes sense to wait.
    /// - Returns: whether there is room; false only for those who are cancelled.
    private func enter(
        _ number: Int, while isWanted: () -> Bool = { true }, isolation: isolated (any Actor)?
    ) async -> Bool {
        await withCheckedContinuation { continuation in
            let answer: Bool? = state.withLock { state in
                if !isWanted() { return false }
                guard state.free > 0 else {
                    state.line.append((number, continuation))
                    return nil
                }
                state.free -= 1
                return true
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.line.isEmpty else {
                state.free += 1
                return nil
            }
            return state.line.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
