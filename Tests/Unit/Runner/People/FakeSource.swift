import AuthorizedKeys
import BuildAPI
import KeyForms
import Synchronization

@testable import Runner

/// A source in memory, which a test can silence or slow down.
final class FakeSource: PeopleSource {
    private struct State {
        var people: [String: SourcedPerson] = [:]
        var failure: SourceFailure?
        var hold: Latch<Bool>?
        var questions: [String] = []
        var running = 0
        var most = 0
    }

    private let state = Mutex(State())
    /// Whether it can be asked whose key one is.
    private let knowsHolders: Bool

    init(knowsHolders: Bool = true) {
        self.knowsHolders = knowsHolders
    }

    func set(
        _ name: String, _ keys: [String] = [], isSuspended: Bool = false, isAdministrator: Bool = false,
        groups: [String] = []
    ) throws {
        var person = try SourcedPerson(name: name, lines: keys)
        (person.isSuspended, person.isAdministrator) = (isSuspended, isAdministrator)
        person.groups = Set(groups.map { Group(name: $0) })
        state.withLock { [person] in $0.people[name] = person }
    }

    func remove(_ name: String) { state.withLock { $0.people[name] = nil } }

    /// Everything fails with this until it is nil again.
    func fail(_ cause: String?) { state.withLock { $0.failure = cause.map { SourceFailure($0) } } }

    /// Questions wait until it is opened; nil: they do not.
    func hold(until latch: Latch<Bool>?) { state.withLock { $0.hold = latch } }

    /// What has been asked since the last time.
    func takeQuestions() -> [String] {
        state.withLock { state in
            defer { state.questions = [] }
            return state.questions
        }
    }

    /// How many questions are on their way.
    var running: Int { state.withLock { $0.running } }
    /// The most that ever were.
    var most: Int { state.withLock { $0.most } }

    func person(named name: String) async throws(SourceFailure) -> SourcedPerson? {
        try await answer(name) { $0.people[name] }
    }

    func holder(of fingerprint: String) async throws(SourceFailure) -> KeyHolder {
        try await answer(fingerprint) { [knowsHolders] state in
            guard knowsHolders else { return .someone(named: state.people.keys.sorted()) }
            let holder = state.people.values.first {
                $0.keys.contains { $0.key.fingerprint == fingerprint }
            }
            return holder.map { .person($0) } ?? .nobody
        }
    }

    private func answer<Value: Sendable>(
        _ question: String, _ find: @Sendable (borrowing State) -> Value
    ) async throws(SourceFailure) -> Value {
        let hold = state.withLock { state in
            state.questions.append(question)
            state.running += 1
            state.most = max(state.most, state.running)
            return state.hold
        }
        defer { state.withLock { $0.running -= 1 } }
        _ = try? await hold?.wait()
        let (failure, value) = state.withLock { ($0.failure, find($0)) }
        if let failure { throw failure }
        return value
    }
}
