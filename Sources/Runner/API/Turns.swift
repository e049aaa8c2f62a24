import BuildAPI
import FoundationEssentials
import Synchronization

/// Does one thing at a time for each person, in the order of their requests. What a person's request costs is bounded, and
/// so is then what all of theirs can take of this machine.
final class Turns: Sendable {
    /// Less than the ten seconds that gateways wait for most answers.
    static let usualWait = 8.0

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
    private let longestWait: Double
    private let refusal: RunnerError

    /// - Parameters:
    ///   - longestWait: how many seconds a request waits for its turn.
    ///   - refusal: for a request that has waited too long: what the person has too many of, and the sentence.
    init(_ timekeeper: Timekeeper, longestWait: Double = usualWait, refusal: RunnerError) {
        self.timekeeper = timekeeper
        self.longestWait = longestWait
        self.refusal = refusal
    }

    static func ofLists(_ timekeeper: Timekeeper) -> Turns {
        Turns(timekeeper, refusal: refusal(of: "lists", "The list before this one is not finished."))
    }

    static func ofManifests(_ timekeeper: Timekeeper) -> Turns {
        Turns(
            timekeeper, refusal: refusal(of: "manifests", "The manifest before this one is still being read.")
        )
    }

    /// An archive can take a minute to read.
    static func ofArchives(_ timekeeper: Timekeeper) -> Turns {
        Turns(
            timekeeper, longestWait: 300,
            refusal: refusal(of: "archives", "The sources before this one are still being read."))
    }

    private static func refusal(of what: String, _ sentence: String) -> RunnerError {
        RunnerError(
            .tooMany(.init(what: "\(what) at once", limit: 1)), "\(sentence) Try again in a minute.",
            limit: .readingPerPerson)
    }

    /// Does it when that person's turn has come; throws the refusal if it does not come in time.
    ///
    /// - Parameter person: an id; nil: someone who waits for nobody.
    func take<Value>(
        of person: String?, _ body: () async throws(RunnerError) -> Value
    ) async throws(RunnerError) -> Value {
        guard let person else { return try await body() }
        guard await enter(person) else { throw refusal }
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
                let alarm = Task { [weak self, timekeeper, longestWait] in
                    let moment = timekeeper.now().addingTimeInterval(longestWait)
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
