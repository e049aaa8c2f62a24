import BuildAPI
import Foundation
import Testing

@testable import Runner

/// A job's one owner, with a store in memory.
@Suite("The owner of a job")
struct LiveJobTests {
    private let runner: MemoryRunner
    private var store: MemoryStore { runner.store }
    private var supply: FakeProvider { runner.provider }
    private var clock: ManualClock { runner.clock }
    private var log: RecordingLog { runner.log }
    private var alice: Person { runner.alice }

    init() async throws { runner = try await MemoryRunner() }

    private func directory(slots: Int = 4) -> JobDirectory { runner.directory(slots: slots) }

    /// A job whose only task fails, as soon as its builder is kept.
    private func failedJob(_ directory: JobDirectory, _ script: String = "exit 1") async throws -> JobID {
        let id = try await runner.submit(script, to: directory)
        try await runner.wait(for: id, in: directory) { $0.builder?.state == .kept }
        return id
    }

    private func claim(_ id: JobID, in directory: JobDirectory) async throws -> Claim {
        try await directory.claim(
            id,
            ClaimRequest(
                session: "s1", kind: .shell, person: .init(id: alice.id),
                keyFingerprint: TestService.aliceFingerprint, key: TestService.aliceKey, from: "192.0.2.1"))
    }

    @Test("effects come in their order, after the state is stored, and one change after the other")
    func order() async throws {
        let directory = directory()
        let id = try await failedJob(directory)
        let before = try runner.ownLog(id)
        let number = try #require(try await store.shownJob(id)).eventNumber
        let stream = try await directory.changes(of: id, after: number)
        let isStored = Latch<Bool>()
        store.holdSaving(until: isStored)
        let changes = try await directory.with(id) { job in
            // Both are decided before either is stored.
            let first = Task {
                await job.apply { lifecycle, _ in
                    lifecycle.record.job.note = "first"
                    return [.log("one"), .publish(.deadline), .audit("two"), .publish(.session)]
                }
            }
            while await job.record.job.note != "first" { await Task.yield() }
            let second = Task {
                await job.apply { lifecycle, _ in
                    lifecycle.record.job.note = "second"
                    return [.log("three"), .publish(.task)]
                }
            }
            while await job.record.job.note != "second" { await Task.yield() }
            return [first, second]
        }
        #expect(try runner.ownLog(id) == before && !log.all.contains("job \(id): two"))
        isStored.open(true)
        for change in changes { await change.value }
        // The log of a job that has ended is closed.
        #expect(try runner.ownLog(id) == before && log.all.contains("job \(id): two"))
        var events: [String] = []
        for try await case .change(let change) in stream {
            events.append("\(change.number - number) \(change.kind) \(change.job.note ?? "")")
            if events.count == 3 { break }
        }
        #expect(events == ["1 deadline first", "2 session first", "3 task second"])
        #expect(try await store.shownJob(id)?.job.note == "second")
    }

    @Test("a heartbeat stores nothing and reads no job")
    func heartbeat() async throws {
        let directory = directory()
        let id = try await failedJob(directory)
        let claim = try await claim(id, in: directory)
        _ = store.takeRequests()
        for _ in 1...3 {
            clock.advance(by: 20)
            #expect(try await directory.heartbeat(claim.id).id == claim.id)
        }
        #expect(store.takeRequests() == ["key", "key", "key"])
        // The lease was renewed: it runs out a minute after the last one.
        clock.advance(by: 59)
        #expect(try await directory.job(id).sessions.count == 1)
        clock.advance(by: 2)
        try await runner.wait(for: id, in: directory) { $0.sessions.isEmpty }
    }

    @Test("draining leaves records of who was inside, and a running job's last lines")
    func drain() async throws {
        let first = directory()
        let kept = try await failedJob(first)
        _ = try await claim(kept, in: first)
        let manifest = Manifest(image: "debian", tasks: [.init(name: "a", script: "wait")])
        let running = try await first.submit(manifest, as: Submission(by: alice)).id
        try await runner.wait(for: running, in: first) { $0.tasks[0].status == .running }
        await first.stop(endsBuilders: false)
        try await directory().drain()
        for record in [
            "session s1: ended with its builder", "the builder ends: released", "its builder has ended",
        ] {
            #expect(log.all.contains("job \(kept): \(record)"), "\(log.all)")
        }
        #expect(try runner.ownLog(running).suffix(2) == ["the builder was released", "failed"])
        for id in [kept, running] {
            let job = try #require(try await store.shownJob(id)?.job)
            #expect(job.status == .failed && job.builderEnd?.reason == .released)
            #expect(await supply.machine(of: "\(id)").hasEnded)
        }
    }

    @Test("a job that is over is changed by one owner at a time, and then forgotten")
    func overAndShared() async throws {
        let directory = directory()
        let id = try await failedJob(directory)
        _ = try await directory.with(id) { job throws(RunnerError) in
            try await job.releaseBuilder(by: Requester())
        }
        while await !directory.isForgotten(id) { await Task.yield() }
        try await withThrowingTaskGroup { group in
            for name in ["bob", "carol", "dave", "eve"] {
                group.addTask {
                    try await directory.with(id) { job throws(RunnerError) in
                        try await job.share(
                            with: .person(Person(id: name, name: name)), true, by: Requester())
                    }
                }
            }
            for try await _ in group {}
        }
        #expect(await directory.isForgotten(id))
        let shares = try await store.shownJob(id)?.job.shares.map(\.name).sorted()
        #expect(shares == ["bob", "carol", "dave", "eve"])
    }

    @Test("a store that fails stops nobody, and has everything afterwards")
    func failingStore() async throws {
        let directory = directory()
        let id = try await failedJob(directory)
        store.fail(with: RunnerError(.noSpace, "The disk of the build service is full."))
        let job = try await directory.with(id) { job throws(RunnerError) in
            try await job.hold(true, by: Requester())
        }
        #expect(job.held)
        store.fail(with: nil)
        #expect(try await store.shownJob(id)?.job.held == false)
        while try await store.shownJob(id)?.job.held != true {
            clock.advance(by: 1)
            await Task.yield()
        }
    }

    @Test("jobs that are submitted at the same time are queued in the order of their numbers")
    func queue() async throws {
        let directory = directory(slots: 0)
        let manifest = Manifest(image: "debian")
        try await withThrowingTaskGroup { [alice] group in
            for _ in 1...10 {
                group.addTask { try await directory.submit(manifest, as: Submission(by: alice)) }
            }
            for try await _ in group {}
        }
        let waiting = try #require(await directory.waiting["local"])
        #expect(waiting.jobs(of: alice.id).map(\.description) == (1...10).map { "\($0)" })
        await #expect(throws: RunnerError.self) {
            try await directory.submit(manifest, as: Submission(by: alice))
        }
    }
}
