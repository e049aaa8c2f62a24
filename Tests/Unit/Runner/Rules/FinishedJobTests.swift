import BuildAPI
import ConfigurationFile
import Foundation
import NIOHTTP1
import Provider
import Synchronization
import Testing

@testable import Runner

/// One of the three rules that protect what was built, at each door:
///
/// | door | test |
/// |---|---|
/// | verbs | ``requests(end:)``; ``LifecycleTests``, `cancellation`; ``RerunTests``, `again` |
/// | API with each role | ``requests(end:)``. The role *keys* is refused, and a gateway that names nobody: ``NetworkTests``, `roles` |
/// | events | ``events()``, and ``everything(end:)``: nothing publishes an end a second time |
/// | allocators | ``gone(more:)``, ``lateMachine()`` |
/// | a builder's own words | ``lateExit(status:)``, and ``everything(end:)`` for the words of each kind |
/// | a restarted runner with an old machine | ``restart(isGone:)``; ``LiveJobTests``, `drain`, for one that is drained |
/// | an attachment | ``attachment(exitStatus:end:)``; ``DialledMachineTests``, `lies`, for one that an allocator has made dial |
@Suite("The status of a finished job never changes", .timeLimit(.minutes(2)))
struct FinishedJobTests {
    /// How jobs end.
    enum End: CaseIterable {
        case success, keptSuccess, keptFailure, unkeptFailure, fault, cancelled, timeout
        case attachedFailure, attachedSuccess, left

        /// A job that has just ended like that.
        func job() throws -> Lifecycle {
            var job = lifecycle(shell: self == .keptSuccess)
            switch self {
            case .success, .keptSuccess:
                _ = job.taskEnded("a", exitStatus: 0, completesBuild: true, at: start)
            case .keptFailure: _ = job.taskEnded("a", exitStatus: 1, at: start)
            case .unkeptFailure:
                job.record.build.keep = .never
                _ = job.taskEnded("a", exitStatus: 1, at: start)
            case .fault:
                job.record.job.builder?.state = .booting
                _ = job.failed(because: "no", at: start)
            case .cancelled: _ = job.cancelled(at: start)
            case .timeout: _ = job.timePassed(at: start + 3600)
            case .attachedFailure, .attachedSuccess, .left:
                job = try attachedMachine()
                if self == .left {
                    _ = job.machineLeft(isCancelled: false, at: start)
                } else {
                    _ = job.commandEnded(exitStatus: self == .attachedFailure ? 7 : 0, at: start)
                }
            }
            return job
        }
    }

    @Test("nothing that can happen changes it, its tasks, or tells of an end again", arguments: End.allCases)
    func everything(end: End) throws {
        let ended = try end.job()
        let (status, tasks) = (ended.record.job.status, ended.record.job.tasks)
        #expect(status.isFinal)
        var all = ended
        // Each alone, and after those before it.
        for event in LateEvent.allCases {
            var one = ended
            for effects in [try? event.happens(to: &one), try? event.happens(to: &all)].compactMap(\.self) {
                #expect(
                    !effects.contains(.publish(.status)) && !effects.contains(.publish(.task)), "\(event)")
                #expect(!effects.contains(.log(status.rawValue)), "\(event)")
            }
            for job in [one.record.job, all.record.job] {
                #expect(job.status == status && job.tasks == tasks, "\(event)")
            }
        }
    }

    @Test("one that is cancelled before it is queued is not queued")
    func cancelledAtOnce() async throws {
        let runner = try await MemoryRunner()
        let directory = runner.directory(slots: 0)
        let id = try await runner.submit("exit 0", to: directory)
        try await directory.with(id) { job throws(RunnerError) in
            _ = try await job.cancel(by: Requester())
            await job.submitted()
        }
        #expect(try await directory.job(id).status == .cancelled)
        #expect(try await runner.store.job(id)?.job.status == .cancelled)
    }

    // MARK: Requests

    private static let requests: [(method: HTTPMethod, path: String)] = [
        (.POST, "cancel"), (.PUT, "deadline"), (.PUT, "hold"), (.DELETE, "hold"), (.PUT, "shares/carol"),
        (.DELETE, "shares/carol"), (.POST, "reruns"), (.DELETE, "builder"), (.POST, "cancel"), (.PUT, "hold"),
    ]

    @Test(
        "no request changes it, by an operator, its owner, a guest, an administrator or a stranger",
        arguments: ["exit 0", "exit 1", "cancelled", "timeout"])
    func requests(end: String) async throws {
        try await TestService.run(slots: 16, limits: .with { $0.keptPerOwner = 20 }) { service in
            try await service.addAlice()
            try await service.addBob()
            let carol = try await service.send(
                .POST, "/v1/keys", NewKey(owner: "carol", key: AuthorisationTests.key()))
            try #require(carol.status == 201)
            for person in [nil, "1", "guest", "administrator", "3"] {
                let job = try await Self.ended(end, service)
                let path = "/v1/jobs/\(job.id)"
                if person == "guest" { _ = try await service.client.send(.PUT, "\(path)/shares/bob") }
                if person == "administrator" {
                    _ = try await service.client.send(.PUT, "/v1/people/bob/administration")
                }
                let id = person.map { Int($0) == nil ? "2" : $0 }
                let query = id.map { "?person=\($0)" } ?? ""
                var answers: [Int] = []
                for (method, word) in Self.requests {
                    let answer: HTTPClient.Answer =
                        switch word {
                        case "deadline":
                            try await service.send(
                                method, "\(path)/\(word)\(query)", NewDeadline(seconds: 900))
                        case "reruns":
                            try await service.send(method, "\(path)/\(word)\(query)", NewRerun(fresh: true))
                        default: try await service.client.send(method, "\(path)/\(word)\(query)")
                        }
                    answers.append(answer.status)
                    let present = try await service.job("\(job.id)")
                    #expect(
                        present.status == job.status && present.tasks == job.tasks && present.rerun == nil,
                        "\(person ?? "operator"): \(method) \(word): \(answer.status)")
                }
                // Those who can do anything have done something.
                let isAllowed = person == nil || person == "1" || person == "administrator"
                #expect(answers.contains { (200...201).contains($0) } == isAllowed, "\(answers)")
            }
        }
    }

    /// A job of Alice's that has ended like that.
    private static func ended(_ end: String, _ service: TestService) async throws -> Job {
        guard end.hasPrefix("exit") else {
            let id = "\(try await service.submit("  - a: wait", more: "timeout: 60s").id)"
            _ = try await service.job(id) { $0.tasks[0].status == .running }
            if end == "cancelled" {
                _ = try await service.client.send(.POST, "/v1/jobs/\(id)/cancel")
            } else {
                service.clock.advance(by: 61)
            }
            return try await service.job(id) { $0.status.isFinal && $0.builder == nil }
        }
        let id = "\(try await service.submit("  - a: \(end)").id)"
        return try await service.job(id) { $0.status.isFinal }
    }

    // MARK: Events

    @Test("its events tell of its end once, and nothing after that contradicts it")
    func events() async throws {
        let runner = try await MemoryRunner()
        let directory = runner.directory(slots: 1)
        let id = try await runner.submit("wait", to: directory)
        let stream = try await directory.changes(of: id, after: nil)
        let reading = Task {
            var changes: [JobChange] = []
            for try await case .change(let change) in stream { changes.append(change) }
            return changes
        }
        try await runner.wait(for: id, in: directory) { $0.tasks[0].status == .running }
        let machine = await runner.provider.machine(of: "\(id)")
        machine.finish("a", with: 1)
        try await runner.wait(for: id, in: directory) { $0.builder?.state == .kept }
        try await directory.with(id) { job throws(RunnerError) in
            _ = try await job.hold(true, by: Requester())
            _ = try await job.moveDeadline(to: NewDeadline(seconds: 900), by: Requester())
            _ = try await job.share(with: .person(Person(id: "2", name: "bob")), true, by: Requester())
        }
        await #expect(throws: RunnerError.self) {
            try await directory.with(id) { job throws(RunnerError) in try await job.cancel(by: Requester()) }
        }
        machine.crash()
        let changes = try await reading.value
        let statuses = changes.map(\.job.status)
        let end = try #require(statuses.firstIndex(of: .failed))
        #expect(statuses[..<end].allSatisfy { !$0.isFinal } && statuses[end...].allSatisfy { $0 == .failed })
        #expect(changes.count { $0.kind == .status && $0.job.status.isFinal } == 1)
        #expect(changes[end...].contains { $0.kind == .deadline } && changes.last?.kind == .builder)
        #expect(changes.last?.job.isOver == true)
    }

    // MARK: Builders and allocators

    @Test("a task's exit that arrives when its job is cancelled changes nothing", arguments: [0, 1])
    func lateExit(status: Int) async throws {
        let runner = try await MemoryRunner()
        let directory = runner.directory(slots: 1)
        let id = try await runner.submit("wait", to: directory)
        try await runner.wait(for: id, in: directory) { $0.tasks[0].status == .running }
        let isStored = Latch<Bool>()
        runner.store.holdSaving(until: isStored)
        let cancelling = Task {
            try await directory.with(id) { job throws(RunnerError) in try await job.cancel(by: Requester()) }
        }
        // It is decided, and nothing of it is carried out yet: the task is still followed.
        while try await !directory.with(id, { await $0.record.job.status.isFinal }) { await Task.yield() }
        await runner.provider.machine(of: "\(id)").finish("a", with: status)
        let run = try await directory.with(id) { await $0.run }
        await run?.value
        isStored.open(true)
        _ = try await cancelling.value
        while await !directory.isForgotten(id) { try await Task.sleep(for: .milliseconds(1)) }
        let job = try #require(try await runner.store.job(id)?.job)
        #expect(job.status == .cancelled && job.tasks.map(\.exitStatus) == [nil])
        #expect(job.tasks.map(\.status) == [.failed])
        #expect(try runner.ownLog(id).last == "cancelled")
    }

    @Test(
        "a kept machine that dies, or of which its allocator says that it is gone, ends alone",
        arguments: [
            ("exit 1", "", Job.Status.failed), ("exit 0", "keep: always", .success),
        ])
    func gone(script: String, more: String, status: Job.Status) async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let id = "\(try await service.submit("  - a: \(script)", more: more).id)"
            let kept = try await service.job(id) { $0.builder?.state == .kept }
            #expect(kept.status == status)
            // A provider's machine has ended when its program's `list` says so: AllocationWatchTests.
            await service.supply.machine(of: id).crash()
            let over = try await service.job(id) { $0.builder == nil }
            #expect(over.status == status && over.tasks == kept.tasks && over.builderEnd?.reason == .lost)
        }
    }

    @Test("a machine that its allocator brings when the job is cancelled is given back")
    func lateMachine() async throws {
        let runner = try await MemoryRunner()
        let isCancelled = Latch<Bool>()
        runner.provider.onAllocate { _ in _ = try? await isCancelled.wait() }
        let directory = runner.directory(slots: 1)
        let id = try await runner.submit("exit 0", to: directory)
        let request = await runner.provider.request(1)
        let isStored = Latch<Bool>()
        runner.store.holdSaving(until: isStored)
        let cancelling = Task {
            try await directory.with(id) { job throws(RunnerError) in try await job.cancel(by: Requester()) }
        }
        while try await !directory.with(id, { await $0.record.job.status.isFinal }) { await Task.yield() }
        // Nobody has told the allocator.
        isCancelled.open(true)
        let machine = await runner.provider.machine(of: "\(id)")
        isStored.open(true)
        _ = try await cancelling.value
        while await !directory.isForgotten(id) { try await Task.sleep(for: .milliseconds(1)) }
        let job = try await directory.job(id)
        #expect(job.status == .cancelled && job.tasks.map(\.status) == [.skipped])
        #expect(machine.hasEnded && runner.provider.releases.map(\.id) == [request.allocation])
    }

    // MARK: A restarted runner

    @Test(
        "the next runner finds it as it was, and runs nothing again on a machine that is still there",
        arguments: [false, true])
    func restart(isGone: Bool) async throws {
        let runner = try await MemoryRunner()
        let first = runner.directory(slots: 2)
        let id = try await runner.submit("exit 1", to: first)
        try await runner.wait(for: id, in: first) { $0.builder?.state == .kept }
        let success = try await runner.submit("exit 0", to: first)
        while await !first.isForgotten(success) { try await Task.sleep(for: .milliseconds(1)) }
        let before = try await first.job(id)
        await first.stop(endsBuilders: false)
        let machine = await runner.provider.machine(of: "\(id)")
        if isGone { machine.crash() }

        let second = runner.directory(slots: 2)
        try await second.takeOver()
        let after = try await second.job(id)
        #expect(after.status == .failed && after.tasks == before.tasks)
        #expect(after.builder?.state == (isGone ? nil : .kept))
        #expect(after.builderEnd?.reason == (isGone ? .lost : nil))
        let run = try await second.with(id) { await $0.run }
        #expect(run == nil)
        #expect(machine.prepared.withLock { $0.count } == 1 && runner.provider.requests.count == 2)
        #expect(try await second.job(success).status == .success)
    }

    // MARK: Attachments

    @Test(
        "an attached machine that reports another result, is lost, comes back or leaves changes nothing",
        arguments: [(7, Job.Status.failed), (0, .success)])
    func attachment(exitStatus: Int, end: Job.Status) async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let machine = try await AttachmentServiceTests.attach(service)
            let id = "\(machine.job.id)"
            // So that it stays, however its command ends.
            #expect(try await service.claim(id).status == 201)
            func exits(_ status: Int, as attachment: String) async throws -> Int {
                try await service.send(
                    .POST, "/v1/attachments/\(attachment)/exit", AttachedExit(exitStatus: status)
                ).status
            }
            #expect(try await exits(exitStatus, as: machine.id) == 200)
            let ended = try await service.job(id)
            #expect(ended.status == end && ended.tasks.map(\.exitStatus) == [exitStatus])
            func isAsItWas() async throws -> Bool {
                let job = try await service.job(id)
                return job.status == end && job.tasks == ended.tasks
            }
            #expect(try await exits(7 - exitStatus, as: machine.id) == 200)
            #expect(try await isAsItWas())
            let lost = try await service.client.send(.DELETE, "/v1/attachments/\(machine.id)?reason=lost")
            #expect(lost.status == 204)
            #expect(try await isAsItWas())
            let back = try await service.send(
                .POST, "/v1/attachments/resumption", AttachmentServiceTests.resumption(machine))
            let again = try back.decode(BuildAPI.Attachment.self)
            #expect(try await exits(7 - exitStatus, as: again.id) == 200)
            #expect(try await isAsItWas())
            for reason in ["cancelled", "bye"] {
                _ = try await service.client.send(.DELETE, "/v1/attachments/\(again.id)?reason=\(reason)")
                #expect(try await isAsItWas())
            }
            #expect(try await exits(7 - exitStatus, as: again.id) == 410)
            #expect(try await service.job(id).isOver)
            #expect(try await isAsItWas())
        }
    }
}
