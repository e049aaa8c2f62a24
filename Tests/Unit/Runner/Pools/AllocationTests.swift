import BuildAPI
import Foundation
import Provider
import Testing

@testable import Runner

/// What jobs and a provider do together, with a store in memory.
@Suite("Allocations", .timeLimit(.minutes(1)))
struct AllocationTests {
    private let runner: MemoryRunner
    private var store: MemoryStore { runner.store }
    private var provider: FakeProvider { runner.provider }
    private var clock: ManualClock { runner.clock }
    private var log: RecordingLog { runner.log }
    private var alice: Person { runner.alice }

    init() async throws { runner = try await MemoryRunner() }

    private func directory(slots: Int = 1) -> JobDirectory { runner.directory(slots: slots) }

    private func submit(_ script: String = "exit 0", to directory: JobDirectory) async throws -> JobID {
        try await runner.submit(script, to: directory)
    }

    /// Time passes until that is so.
    private func wait(step: Double = 1, until condition: () async throws -> Bool) async throws {
        while try await !condition() {
            clock.advance(by: step)
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Returns when the job is over, and all that it had is released.
    private func forgotten(_ id: JobID, by directory: JobDirectory) async throws {
        while await !directory.isForgotten(id) { try await Task.sleep(for: .milliseconds(1)) }
    }

    private func cancel(_ id: JobID, in directory: JobDirectory) async throws {
        _ = try await directory.with(id) { job throws(RunnerError) in try await job.cancel(by: Requester()) }
    }

    @Test("an allocation is stored before its provider hears of it, and forgotten when it is released")
    func stored() async throws {
        let known = Latch<[AllocationRecord]>()
        provider.onAllocate { [store] _ in known.open((try? await store.allocations()) ?? []) }
        let directory = directory()
        let id = try await submit(to: directory)
        let records = try await known.wait()
        let request = await provider.request(1)
        #expect(records.map(\.allocation) == [Allocation(id: request.allocation, job: id, pool: "local")])
        #expect(request.job == id && request.owner == .person(alice) && request.image == "debian")
        try await forgotten(id, by: directory)
        #expect(provider.releases.map(\.id) == [request.allocation])
        #expect(try await store.allocations() == [])
    }

    @Test("while it cannot be stored, nobody is asked for a machine")
    func full() async throws {
        store.fail(with: RunnerError(.noSpace, "The disk is full."), only: "saveAllocation")
        let directory = directory()
        let id = try await submit(to: directory)
        let waiting = "the builder waits for space: the disk of the build service is full"
        try await wait { try runner.ownLog(id).contains(waiting) }
        for _ in 1...5 { clock.advance(by: 1) }
        #expect(provider.requests.isEmpty)
        store.fail(with: nil)
        try await wait { await directory.isForgotten(id) }
        #expect(try runner.ownLog(id).count { $0 == waiting } == 1 && provider.requests.count == 1)
    }

    @Test("a runner that is killed while it waits for a machine releases it at its next start")
    func killed() async throws {
        provider.answers(.silence)
        let first = directory()
        let id = try await submit(to: first)
        let request = await provider.request(1)
        // Nothing more happens in this one.
        await first.stop(endsBuilders: false)
        #expect(provider.releases.isEmpty)
        provider.answers(.machine)
        let second = directory()
        try await second.takeOver()
        let again = await provider.request(2)
        #expect(
            provider.releases.map(\.id).first == request.allocation && again.allocation != request.allocation)
        #expect(provider.releases.first?.entered == false && again.job == id)
        try await forgotten(id, by: second)
        #expect(try await store.allocations() == [])
    }

    @Test("a restarted runner finds its machine again, with the provider's own note")
    func reattached() async throws {
        let first = directory()
        let id = try await submit("wait", to: first)
        try await runner.wait(for: id, in: first) { $0.tasks[0].status == .running }
        let stored = try #require(try await store.allocations().first?.allocation)
        #expect(stored.data == "note of \(stored.id)")
        await first.stop(endsBuilders: false)
        let second = directory()
        try await second.takeOver()
        await provider.machine(of: "\(id)").finish("a", with: 0)
        try await forgotten(id, by: second)
        #expect(provider.requests.count == 1 && provider.releases.map(\.id) == [stored.id])
        #expect(try await second.job(id).status == .success)
    }

    @Test("a job that is cancelled while it waits for a machine gives it up, and its slot")
    func cancelled() async throws {
        provider.answers(.silence)
        let directory = directory()
        let id = try await submit(to: directory)
        let request = await provider.request(1)
        provider.answers(.machine)
        let next = try await submit(to: directory)
        try await cancel(id, in: directory)
        try await forgotten(next, by: directory)
        #expect(provider.releases.first?.id == request.allocation)
        #expect(try await directory.job(id).status == .cancelled)
        #expect(try await directory.job(next).status == .success)
    }

    @Test("a job that waits in line to start leaves it when it is cancelled")
    func cancelledInLine() async throws {
        provider.answers(.silence)
        let directory = directory(slots: 3)
        let ids = [
            try await submit(to: directory), try await submit(to: directory), try await submit(to: directory),
        ]
        // Two are on their way.
        _ = await provider.request(2)
        try await cancel(ids[2], in: directory)
        try await forgotten(ids[2], by: directory)
        #expect(provider.requests.count == 2 && provider.releases.isEmpty)
    }

    @Test("an allocation that takes longer than its pool allows is given up")
    func timeout() async throws {
        provider.answers(.silence)
        let directory = directory()
        let id = try await submit(to: directory)
        let request = await provider.request(1)
        clock.advance(by: 899)
        #expect(provider.releases.isEmpty)
        try await wait { await directory.isForgotten(id) }
        #expect(provider.releases.map(\.id) == [request.allocation])
        #expect(try await directory.job(id).status == .failed)
        #expect(try runner.ownLog(id).contains("the pool local had no builder within 15m"))
    }

    @Test("a provider that cannot now is asked again, later each time, and the log says why once")
    func notNow() async throws {
        let reason = "the builder waits: every host is \u{1b}[31mtaken"
        provider.answers(.failure(AllocationFailure(.notNow, reason)), saying: ["looking", "for\u{7}a host"])
        let directory = directory()
        let began = clock.now
        let id = try await submit(to: directory)
        var times: [Double] = []
        for number in 1...5 {
            try await wait(step: 0.5) { provider.requests.count >= number }
            times.append(clock.now.timeIntervalSince(began))
        }
        for (wait, least) in zip(zip(times.dropFirst(), times).map { $0 - $1 }, [1.0, 2, 4, 8]) {
            #expect(wait >= least, "\(times)")
        }
        provider.answers(.machine)
        try await wait { await directory.isForgotten(id) }
        #expect(Set(provider.requests.map(\.allocation)).count == 1)
        let lines = try runner.ownLog(id)
        #expect(lines.count { $0.hasPrefix("the builder waits: every host is") } == 1, "\(lines)")
        #expect(lines.contains("local: looking") && !lines.joined().contains { "\u{1b}\u{7}".contains($0) })
        #expect(try await directory.job(id).status == .success)
    }

    @Test("jobs whose pool has nothing for them keep no other one from starting")
    func parked() async throws {
        provider.answers(.failure(AllocationFailure(.notNow, "no machine of yours is free")))
        let directory = directory(slots: 1)
        let ids = [
            try await submit(to: directory), try await submit(to: directory), try await submit(to: directory),
        ]
        // Each of them has the one slot in its turn, although no time passes.
        let requests = [
            await provider.request(1), await provider.request(2), await provider.request(3),
        ]
        #expect(requests.map(\.job) == ids)
        provider.answers(.machine)
        let next = try await submit(to: directory)
        try await forgotten(next, by: directory)
        // One that is cancelled meanwhile leaves nothing.
        try await cancel(ids[0], in: directory)
        try await forgotten(ids[0], by: directory)
        try await wait { provider.releases.contains { $0.id == requests[0].allocation } }
        for id in ids.dropFirst() {
            try await wait { await directory.isForgotten(id) }
            #expect(try await directory.job(id).status == .success)
        }
        #expect(try await store.allocations() == [])
    }

    @Test("what a pool repeats at each attempt is in the log once, and not all that it says")
    func talkative() async throws {
        let lines = (0..<400).map { "line \($0)" } + ["all are taken"]
        provider.answers(.failure(AllocationFailure(.notNow, "all are taken")), saying: lines)
        let directory = directory()
        let id = try await submit(to: directory)
        try await wait { provider.requests.count >= 3 }
        provider.answers(
            .failure(AllocationFailure(.notNow, "others are taken")), saying: (0..<400).map { "other \($0)" })
        let count = provider.requests.count
        try await wait { provider.requests.count >= count + 3 }
        provider.answers(.machine)
        try await wait { await directory.isForgotten(id) }
        let said = try runner.ownLog(id)
        #expect(
            said.count { $0.hasSuffix("all are taken") } == 1 && said.count { $0 == "others are taken" } == 1)
        let progress = said.filter { $0.hasPrefix("local: ") }
        #expect(progress.count == 501 && progress.last == "local: …" && Set(progress).count == 501)
    }

    @Test(
        "a job that is over tells whether someone was inside, if its allocation does not",
        arguments: [true, false])
    func enteredBefore(isEntered: Bool) async throws {
        let directory = directory()
        let id = try await submit(to: directory)
        try await forgotten(id, by: directory)
        var record = try #require(try await store.job(id))
        record.isEntered = isEntered
        try await store.save(record, at: clock.now)
        // As a runner leaves them that was killed between two writes; of the second nobody knows the job.
        let (left, alien) = (AllocationID(for: id), AllocationID(for: JobID("99")!))
        for (allocation, job) in [(left, id), (alien, JobID("99")!)] {
            try await store.save(AllocationRecord(allocation: .init(id: allocation, job: job, pool: "local")))
        }
        try await runner.directory(slots: 1).takeOver()
        try await wait { provider.releases.count == 3 }
        let entered = Dictionary(provider.releases.map { ($0.id, $0.entered) }) { $1 }
        #expect(entered[left] == isEntered && entered[alien] == true)
    }

    @Test("of two allocations of a job, only the later one counts")
    func current() async throws {
        let allocations = Allocations(store, Pools([]), clock.timekeeper, log.logger)
        let job = JobID("7")!
        for id in ["7-a", "7-b"] {
            try await allocations.add(.init(id: AllocationID(id)!, job: job, pool: "local"))
        }
        let next = Allocations(store, Pools([]), clock.timekeeper, log.logger)
        _ = try await next.takeOver()
        #expect(await next.current(of: job)?.id.description == "7-b")
    }

    @Test("draining says what could not be released, and ends every job all the same")
    func drain() async throws {
        let first = directory()
        let id = try await submit("wait", to: first)
        try await runner.wait(for: id, in: first) { $0.tasks[0].status == .running }
        await first.stop(endsBuilders: false)
        provider.failReleases(1)
        let failure = await #expect(throws: RunnerError.self) { try await directory().drain() }
        #expect(
            failure?.description.contains("1 machine could not be released: \(id)-") == true,
            "\(failure as Any)")
        #expect(try await store.job(id)?.isOver == true)
        try await directory().drain()
        #expect(try await store.allocations() == [])
    }

    @Test("what cannot be allocated fails the job with its sentence, and is released")
    func failed() async throws {
        provider.answers(.failure(AllocationFailure(.failed, "no host has 64 processors", detail: "secret")))
        let directory = directory()
        let id = try await submit(to: directory)
        try await forgotten(id, by: directory)
        #expect(
            try runner.ownLog(id).contains("no host has 64 processors")
                && !runner.ownLog(id).joined().contains("secret"))
        #expect(provider.releases.count == 1)
    }

    @Test("a provider's note that is too long fails the job, and the machine is released")
    func longNote() async throws {
        provider.notes(String(repeating: "x", count: Allocation.longestData))
        let directory = directory()
        let id = try await submit(to: directory)
        try await forgotten(id, by: directory)
        #expect(try await directory.job(id).status == .failed)
        #expect(await provider.machine(of: "\(id)").hasEnded)
        #expect(try await store.allocations() == [])
    }

    @Test("a release is repeated until it succeeds, after a restart too, and keeps the slot until then")
    func release() async throws {
        provider.failReleases(3)
        let first = directory()
        let id = try await submit(to: first)
        let next = try await submit(to: first)
        try await wait { provider.releases.count == 2 }
        #expect(provider.requests.count == 1)
        await first.stop(endsBuilders: false)
        let left = try #require(try await store.allocations().first)
        #expect(left.allocation.job == id && left.unneededSince != nil)
        let young = await first.context.allocations.overdue
        #expect(young == [])
        clock.advance(by: 3600)
        let overdue = await first.context.allocations.overdue
        #expect(overdue.map(\.allocation) == [left.allocation.id.description] && overdue[0].job == id)
        let second = directory()
        try await second.takeOver()
        try await wait(step: 5) { provider.requests.count == 2 }
        #expect(provider.releases.prefix(4).allSatisfy { $0.id == left.allocation.id })
        try await forgotten(next, by: second)
        #expect(try await store.allocations() == [])
    }

    @Test("a provider is told whether anyone was inside", arguments: [false, true])
    func entered(isEntered: Bool) async throws {
        let directory = directory()
        let id = try await submit("exit 1", to: directory)
        try await runner.wait(for: id, in: directory) { $0.builder?.state == .kept }
        if isEntered {
            let claim = try await directory.claim(
                id,
                ClaimRequest(
                    session: "s1", kind: .exec, person: .init(id: alice.id),
                    keyFingerprint: TestService.aliceFingerprint, key: TestService.aliceKey,
                    from: "192.0.2.1"))
            try await directory.release(claim.id, reason: .done)
        }
        _ = try await directory.with(id) { job throws(RunnerError) in
            try await job.releaseBuilder(by: Requester())
        }
        try await forgotten(id, by: directory)
        #expect(provider.releases.map(\.entered) == [isEntered])
    }

    @Test(
        "no deadline is later than a provider leaves its machine, unless it leaves it longer, whatever the wall clock says",
        arguments: [0.0, 500, -500])
    func until(ahead: Double) async throws {
        clock.setWall(ahead: ahead)
        let until = clock.now + 2000
        provider.limit(until: until + ahead, extendsTo: nil)
        let directory = directory()
        let id = try await submit("exit 1", to: directory)
        try await runner.wait(for: id, in: directory) { $0.builder?.state == .kept }
        #expect(try await directory.job(id).maxDeadline == until)
        func extend(by seconds: Int) async throws -> Job {
            try await directory.with(id) { job throws(RunnerError) in
                try await job.moveDeadline(to: NewDeadline(seconds: seconds), by: Requester())
            }
        }
        await #expect(throws: RunnerError.self) { try await extend(by: 3000) }
        #expect(provider.extensions == [clock.now + 3000 + ahead])
        provider.limit(until: until + ahead, extendsTo: clock.now + 5000 + ahead)
        let longer = try await extend(by: 4000)
        #expect(longer.deadline == clock.now + 4000 && longer.maxDeadline == clock.now + 4000)
        await #expect(throws: RunnerError.self) { try await extend(by: 6000) }
        // Within what is granted, nobody is asked.
        let asked = provider.extensions.count
        _ = try await extend(by: 4500)
        #expect(provider.extensions.count == asked)
    }
}
