import BuildAPI
import FoundationEssentials
import Synchronization

/// Reads a person's manifests and lists one at a time, in the order of their requests. What a person's request costs is
/// bounded, and so is then what all of theirs can take of this machine: one processor.
final class Turns: Sendable {
    /// Seconds that a request waits for its turn: less than the ten that gateways wait for an answer.
    static let longestWait = 8.0

    private struct Waiting {
        let number: Int
        let continuation: CheckedContinuation<Bool, Never>
        let alarm: Task<Void, Never>
    }

    private struct State {
        var number = 0
        /// Those who wait, by person; absent: nobody has the turn.
        var lines: [String: [Waiting]] = [:]
    }

    private let state = Mutex(State())
    private let timekeeper: Timekeeper
    /// For whoever has waited too long.
    private static let refusal = RunnerError(
        .tooMany(.init(what: "lists and manifests at once", limit: 1)),
        "Your list or manifest before this one is not finished. Try again in a minute.")

    init(_ timekeeper: Timekeeper) {
        self.timekeeper = timekeeper
    }

    /// Does it when that person's turn has come; throws the refusal if it does not come in time.
    ///
    /// - Parameter person: an id.
    func take<Value>(
        of person: String, _ body: () async throws(RunnerError) -> Value
    ) async throws(RunnerError) -> Value {
        guard await enter(person) else { throw Self.refusal }
        defer { leave(person) }
        return try await body()
    }

    /// How many wait, for tests.
    func waiting(of person: String) -> Int { state.withLock { $0.lines[person]?.count ?? 0 } }

    private func enter(_ person: String) async -> Bool {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.lines[person] != nil else {
                    state.lines[person] = []
                    return true
                }
                state.number += 1
                let number = state.number
                let alarm = Task { [weak self, timekeeper] in
                    let moment = timekeeper.now().addingTimeInterval(Self.longestWait)
                    guard (try? await timekeeper.wait(moment)) != nil else { return }
                    self?.giveUp(person, number)
                }
                state.lines[person]?.append(
                    Waiting(number: number, continuation: continuation, alarm: alarm))
                return false
            }
            if isFree { continuation.resume(returning: true) }
        }
    }

    private func leave(_ person: String) {
        let next: Waiting? = state.withLock { state in
            guard let line = state.lines[person], !line.isEmpty else {
                state.lines[person] = nil
                return nil
            }
            return state.lines[person]?.removeFirst()
        }
        next?.alarm.cancel()
        next?.continuation.resume(returning: true)
    }

    private func giveUp(_ person: String, _ number: Int) {
        let waiting: Waiting? = state.withLock { state in
            guard let index = state.lines[person]?.firstIndex(where: { $0.number == number }) else {
                return nil
            }
            return state.lines[person]?.remove(at: index)
        }
        waiting?.continuation.resume(returning: false)
    }
}
