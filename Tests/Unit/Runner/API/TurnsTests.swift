import BuildAPI
import Foundation
import GRDB
import HummingbirdCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Runner

/// One thing at a time for each person.
@Suite("A person's turn")
struct TurnsTests {
    private let clock = ManualClock()
    private let turns: Turns

    init() {
        turns = .ofLists(clock.timekeeper)
    }

    /// Holds a turn until `end` opens.
    private func hold(
        _ person: String, of turns: Turns, until end: Latch<Bool>
    ) async -> Task<Void, any Error> {
        let begun = Latch<Bool>()
        let task = Task {
            try await turns.take(of: person) { () throws(RunnerError) in
                begun.open(true)
                _ = try? await end.wait()
            }
        }
        _ = try? await begun.wait()
        return task
    }

    private func waiting(_ count: Int, for turns: Turns) async {
        while turns.waiting(of: "1") != count { await Task.yield() }
    }

    /// Who had a turn, in order.
    private final class Done: Sendable {
        let numbers = Mutex<[Int]>([])
    }

    @Test("a person's second request waits for the first, in order, and nobody else's does")
    func order() async throws {
        let end = Latch<Bool>()
        let first = await hold("1", of: turns, until: end)
        let done = Done()
        var others: [Task<Void, any Error>] = []
        for number in 1...3 {
            let other = Task { [turns] in
                try await turns.take(of: "1") { () throws(RunnerError) in
                    done.numbers.withLock { $0.append(number) }
                }
            }
            others.append(other)
            await waiting(number, for: turns)
        }
        #expect(try await turns.take(of: "2") { () throws(RunnerError) in 7 } == 7)
        #expect(done.numbers.withLock { $0.isEmpty })
        end.open(true)
        try await first.value
        for other in others { try await other.value }
        #expect(done.numbers.withLock { $0 } == [1, 2, 3])
        // The next finds nobody, also after a failure.
        let error = await #expect(throws: RunnerError.self) {
            try await turns.take(of: "1") { () throws(RunnerError) in throw RunnerError(.gone, "Gone.") }
        }
        #expect(error?.code == .gone)
        #expect(try await turns.take(of: "1") { () throws(RunnerError) in 8 } == 8)
    }

    private static let all: [(turns: @Sendable (Timekeeper) -> Turns, what: String, sentence: String)] = [
        (Turns.ofLists, "lists at once", "The list before this one is not finished. Try again in a minute."),
        (
            Turns.ofManifests, "manifests at once",
            "The manifest before this one is still being read. Try again in a minute."
        ),
    ]

    @Test("someone who has waited too long is refused, and is in nobody's way", arguments: all.indices)
    func refusal(number: Int) async throws {
        let (make, what, sentence) = Self.all[number]
        let turns = make(clock.timekeeper)
        let end = Latch<Bool>()
        let first = await hold("1", of: turns, until: end)
        let second = Task { try await turns.take(of: "1") { () throws(RunnerError) in 2 } }
        await waiting(1, for: turns)
        // The alarm may not have been set yet.
        while turns.waiting(of: "1") > 0 {
            clock.advance(by: Turns.usualWait)
            await Task.yield()
        }
        let error = await #expect(throws: RunnerError.self) { try await second.value }
        #expect(error?.code == .tooMany(.init(what: what, limit: 1)) && error?.description == sentence)
        #expect(try await turns.take(of: "2") { () throws(RunnerError) in 4 } == 4)
        let third = Task { try await turns.take(of: "1") { () throws(RunnerError) in 3 } }
        await waiting(1, for: turns)
        end.open(true)
        try await first.value
        #expect(try await third.value == 3)
    }

    @Test("a list keeps its own reader waiting, and no operator who looks at it")
    func readers() async throws {
        let responder = try await TestService.makeResponder(lists: turns)
        func count(_ query: String, for role: Role) async throws(RunnerError) -> Int? {
            let client = Authentication.Client(role: role, name: "token gate-1")
            return try await responder.listJobs(try Query(query), for: client).body.contentLength
        }
        let end = Latch<Bool>()
        let held = [await hold("1", of: turns, until: end), await hold("", of: turns, until: end)]
        // "{"jobs":[]}"
        for query in ["owner=alice", "owner=1", ""] { #expect(try await count(query, for: .operator) == 11) }
        #expect(try await count("owner=bob", for: .gateway) == 11)
        let second = Task { try await count("owner=alice", for: .gateway) }
        await waiting(1, for: turns)
        end.open(true)
        #expect(try await second.value == 11)
        for task in held { try await task.value }
    }

    @Test("lists are answered with the jobs as they are now, and read no manifest")
    func lists() async throws {
        try await TestService.run(slots: 1) { service in
            try await service.addAlice()
            try await service.addBob()
            _ = try await service.submit("  - a: exit 0")
            _ = try await service.job("1") { $0.status.isFinal }
            _ = try await service.submit("  - a: wait")
            // By then it has read its manifest.
            _ = try await service.job("2") { $0.tasks.first?.status == .running }
            let store = try SQLiteStore(path: service.folder + "/runner.sqlite")
            try await store.database.write { try $0.execute(sql: "UPDATE manifest SET content = 'no JSON'") }
            store.close()
            func list(_ query: String) async throws -> [String] {
                let answer = try await service.client.send(.GET, "/v1/jobs?\(query)")
                return try answer.decode(JobList.self).jobs.map { "\($0.id) \($0.status)" }
            }
            async let same = list("owner=alice")
            #expect(try await list("owner=1") == ["2 running", "1 success"])
            #expect(try await same == ["2 running", "1 success"])
            #expect(try await list("live=true") == ["2 running"])
            for query in ["owner=bob", "owner=nobody"] { #expect(try await list(query).isEmpty) }
            #expect(try await service.job("1").status == .success)
            #expect(try await service.claim("1").status == 410)
            #expect(try await service.claim("2").status == 201)
        }
    }
}
