import BuildAPI
import Foundation
import NIOHTTP1
import Provider
import Synchronization
import Testing

@testable import Runner

/// One of the three rules that protect what was built, at each door. The runner's part is to say `entered: true` once and for
/// all, and to use no machine for a second job; the providers' part is what they do then.
///
/// | door | test |
/// |---|---|
/// | verbs | ``ends(end:)``, ``kinds(kind:)``; ``RerunTests``, `fresh`: a rerun has a machine of its own |
/// | API with each role | ``refusedClaims()``: only a claim that was granted marks it, and nothing takes the mark away |
/// | events | none: watching a job asks for no machine and releases none |
/// | allocators | ``repeated()``; `hosts`: ``HostsAllocatorTests``, `entered` and `leaving`; `slurm` and `resalloc` end the machine itself: ``SlurmAllocatorTests``, `releases`, ``ResallocAllocatorTests``, `turns`; QEMU too: ``MachineFolderTests``, `aMachineIsItsAllocationsAlone`, and `Tests/EndToEnd/ImagesTests.swift`; what nobody knows counts as entered: ``AllocationWatchTests``, `list` |
/// | a builder's own words | ``ends(end:)``: no end that a builder can say takes the mark away |
/// | a restarted runner with an old machine | ``restart(isGone:)``, ``unstored()``, ``fullDisk()``; ``AllocationTests``, `killed` and `enteredBefore` |
/// | an attachment | ``attached()``, ``dialled()`` |
@Suite("A machine that somebody was in goes to nobody else", .timeLimit(.minutes(2)))
struct UsedMachineTests {
    private let runner: MemoryRunner
    private var provider: FakeProvider { runner.provider }

    init() async throws { runner = try await MemoryRunner() }

    private func claim(
        _ id: JobID, kind: Claim.Kind = .shell, in directory: JobDirectory
    ) async throws -> Claim {
        try await directory.claim(
            id,
            ClaimRequest(
                session: "s1", kind: kind, person: .init(id: runner.alice.id),
                keyFingerprint: TestService.aliceFingerprint, key: TestService.aliceKey, from: "192.0.2.1"))
    }

    private func forgotten(_ id: JobID, by directory: JobDirectory) async throws {
        while await !directory.isForgotten(id) { try await Task.sleep(for: .milliseconds(1)) }
    }

    private func release(_ id: JobID, in directory: JobDirectory) async throws {
        _ = try await directory.with(id) { job throws(RunnerError) in
            try await job.releaseBuilder(by: Requester())
        }
    }

    /// A failed job whose builder is kept.
    private func keptJob(in directory: JobDirectory) async throws -> JobID {
        let id = try await runner.submit("exit 1", to: directory)
        try await runner.wait(for: id, in: directory) { $0.builder?.state == .kept }
        return id
    }

    // MARK: Its end

    enum End: CaseIterable {
        case success, failure, cancelled, released, timeout, death, drained
    }

    @Test("however a job ends in which somebody was, its provider is told", arguments: End.allCases)
    func ends(end: End) async throws {
        let directory = runner.directory(slots: 1)
        let id = try await runner.submit("wait", to: directory)
        try await runner.wait(for: id, in: directory) { $0.tasks[0].status == .running }
        let claim = try await claim(id, in: directory)
        try await directory.release(claim.id, reason: .logout)
        let machine = await provider.machine(of: "\(id)")
        switch end {
        case .success: machine.finish("a", with: 0)
        case .failure:
            machine.finish("a", with: 1)
            try await runner.wait(for: id, in: directory) { $0.builder?.state == .kept }
            runner.clock.advance(by: 1_000_000)
        case .cancelled:
            _ = try await directory.with(id) { job throws(RunnerError) in
                try await job.cancel(by: Requester())
            }
        case .released: try await release(id, in: directory)
        case .timeout: runner.clock.advance(by: 1_000_000)
        case .death: machine.crash()
        case .drained: await directory.stop(endsBuilders: true)
        }
        if end != .drained { try await forgotten(id, by: directory) }
        #expect(provider.releases.map(\.entered) == [true])
    }

    @Test("every kind of session counts, also one that is lost", arguments: Claim.Kind.allCases)
    func kinds(kind: Claim.Kind) async throws {
        let directory = runner.directory(slots: 1)
        let id = try await keptJob(in: directory)
        let claim = try await claim(id, kind: kind, in: directory)
        let end = runner.clock.now + Double(claim.lease) + 60
        while try await !directory.job(id).sessions.isEmpty, runner.clock.now < end {
            runner.clock.advance(by: 1)
            try await Task.sleep(for: .milliseconds(1))
        }
        try await release(id, in: directory)
        try await forgotten(id, by: directory)
        #expect(provider.releases.map(\.entered) == [true])
    }

    @Test("who is refused was not inside; a guest who is no longer one was")
    func refusedClaims() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            for isGuest in [false, true] {
                let id = "\(try await service.failedJob().id)"
                let share = "/v1/jobs/\(id)/shares/bob"
                if isGuest { _ = try await service.client.send(.PUT, share) }
                let answer = try await service.claim(id, session: id, byBob: true)
                #expect(answer.status == (isGuest ? 201 : 403))
                if isGuest {
                    _ = try await service.client.send(.DELETE, share)
                    let claim = try answer.decode(Claim.self)
                    let late = try await service.client.send(.POST, "/v1/claims/\(claim.id)/heartbeat")
                    #expect(late.status == 410)
                }
                #expect(try await service.client.send(.DELETE, "/v1/jobs/\(id)/builder").status == 200)
                try await service.wait { service.supply.releases.count == (isGuest ? 2 : 1) }
            }
            #expect(service.supply.releases.map(\.entered) == [false, true])
        }
    }

    // MARK: Nobody else's

    @Test(
        "a release that fails is repeated with the same word, after a restart too, and nobody starts before")
    func repeated() async throws {
        provider.failReleases(2)
        let first = runner.directory(slots: 1)
        let id = try await keptJob(in: first)
        _ = try await claim(id, in: first)
        let next = try await runner.submit("exit 0", to: first)
        try await release(id, in: first)
        while provider.releases.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        #expect(provider.requests.count == 1)
        await first.stop(endsBuilders: false)
        let second = runner.directory(slots: 1)
        try await second.takeOver()
        while await !second.isForgotten(next) {
            runner.clock.advance(by: 1)
            try await Task.sleep(for: .milliseconds(2))
        }
        let used = provider.requests[0].allocation
        #expect(provider.releases.filter { $0.id == used }.map(\.entered) == [true, true, true])
        #expect(provider.releases.map(\.id).firstIndex(of: provider.requests[1].allocation) == 3)
        #expect(provider.requests.map(\.job) == [id, next] && provider.requests[1].allocation != used)
    }

    @Test(
        "the next runner gives an old machine to nobody, whether it is gone or still there",
        arguments: [
            false, true,
        ])
    func restart(isGone: Bool) async throws {
        let first = runner.directory(slots: 1)
        let id = try await keptJob(in: first)
        let claim = try await claim(id, in: first)
        try await first.release(claim.id, reason: .done)
        let next = try await runner.submit("exit 0", to: first)
        await first.stop(endsBuilders: false)
        let machine = await provider.machine(of: "\(id)")
        if isGone { machine.crash() }

        let second = runner.directory(slots: 1)
        try await second.takeOver()
        if !isGone {
            #expect(provider.requests.count == 1)
            try await release(id, in: second)
        }
        try await forgotten(next, by: second)
        #expect(machine.hasEnded && machine.prepared.withLock { $0.count } == 1)
        #expect(provider.releases.map(\.entered) == [true, false])
        #expect(Set(provider.requests.map(\.allocation)).count == 2)
    }

    private static let full = RunnerError(.noSpace, "The disk of the build service is full.")

    @Test("a runner that is killed before it could store the job has stored that somebody was inside")
    func unstored() async throws {
        let first = runner.directory(slots: 1)
        let id = try await keptJob(in: first)
        runner.store.fail(with: Self.full, only: "save")
        _ = try await claim(id, in: first)
        await first.stop(endsBuilders: false)
        runner.store.fail(with: nil)
        #expect(try await runner.store.job(id)?.isEntered == false)

        let second = runner.directory(slots: 1)
        try await second.takeOver()
        #expect(try await second.job(id).builder?.state == .kept)
        try await release(id, in: second)
        try await forgotten(id, by: second)
        #expect(provider.releases.map(\.entered) == [true])
    }

    @Test("while that cannot be stored, nobody is let in")
    func fullDisk() async throws {
        let directory = runner.directory(slots: 1)
        let id = try await keptJob(in: directory)
        runner.store.fail(with: Self.full, only: "saveAllocation")
        let refusal = await #expect(throws: RunnerError.self) { try await claim(id, in: directory) }
        #expect(refusal?.code == .noSpace)
        #expect(try await directory.job(id).sessions.isEmpty)
        runner.store.fail(with: nil)
        _ = try await claim(id, in: directory)
        #expect(try await directory.job(id).sessions.count == 1)
        #expect(try await runner.store.allocations().map(\.entered) == [true])
    }

    // MARK: Attachments

    @Test("an attached machine serves its one job: no other gets it, and it does not come back after that")
    func attached() async throws {
        try await TestService.run(slots: 1) { service in
            try await service.addAlice()
            let new = AttachmentServiceTests.new { ($0.running, $0.exitStatus) = (false, 1) }
            let machine = try await AttachmentServiceTests.attach(service, new)
            // It is idle, and hers.
            let job = try await service.failedJob()
            #expect(job.builder?.endpoint == .address("127.0.0.1", port: 4022))
            #expect(service.supply.requests.map(\.job) == [job.id])
            let rerun = try await service.send(
                .POST, "/v1/jobs/\(machine.job.id)/reruns", NewRerun(fresh: true))
            #expect([409, 422].contains(rerun.status), "\(rerun.text)")
            let end = try await service.client.send(.DELETE, "/v1/jobs/\(machine.job.id)/builder")
            #expect(end.status == 200)
            let back = try await service.send(
                .POST, "/v1/attachments/resumption", AttachmentServiceTests.resumption(machine))
            #expect(back.status == 410, "\(back.text)")
            #expect(
                try await service.client.send(.POST, "/v1/attachments/\(machine.id)/heartbeat").status == 410)
            let again = try await AttachmentServiceTests.attach(service, new)
            #expect(again.job.id != machine.job.id && again.id != machine.id)
        }
    }

    @Test("a machine that has dialled for one job is refused for the next, which waits for its own")
    func dialled() async throws {
        provider.answers(.dials)
        let directory = runner.directory(slots: 1)
        let id = try await runner.submit("exit 1", to: directory)
        let key = provider.attachKey(of: await provider.request(1))
        let old = try await directory.attach(DialledMachineTests.new(key), isHere: true)
        try await runner.wait(for: id, in: directory) { $0.builder?.state == .kept }
        _ = try await claim(id, in: directory)
        let next = try await runner.submit("exit 0", to: directory)
        try await release(id, in: directory)
        let request = await provider.request(2)
        let other = provider.attachKey(of: request)
        #expect(request.job == next && other != key)
        await #expect(throws: RunnerError.self) {
            try await directory.attach(DialledMachineTests.new(key), isHere: true)
        }
        for (job, key) in [(id, key), (next, key), (next, other)] {
            let resumption = Resumption(
                job: job, secret: old.secret ?? "", key: key, from: "192.0.2.8", endpoint: "unix:/run/b.sock",
                hostKeys: [TestService.bobKey])
            await #expect(throws: RunnerError.self) { try await directory.resume(resumption, isHere: true) }
        }
        #expect(try await directory.job(next).builder == nil)
        #expect(try await directory.attach(DialledMachineTests.new(other), isHere: true).job.id == next)
        try await forgotten(next, by: directory)
        #expect(provider.releases.map(\.entered) == [true, false])
    }
}
