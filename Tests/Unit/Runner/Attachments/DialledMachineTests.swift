import AuthorizedKeys
import BuildAPI
import Foundation
import NIOHTTP1
import Provider
import Synchronization
import Testing

@testable import Runner

/// Machines that an allocator has made dial a gateway, as gateways see them.
@Suite("Builders that have dialled")
struct DialledMachineTests {
    static func new(_ key: String, _ change: (inout NewAttachment) -> Void = { _ in })
        -> NewAttachment
    {
        AttachmentServiceTests.new {
            ($0.key, $0.running, $0.name, $0.log) = (key, false, "mine", false)
            change(&$0)
        }
    }

    private static func fingerprint(_ key: String) throws -> String {
        try PublicKey.parse(line: key).key.fingerprint
    }

    private static func keyPath(_ key: String, limits: String = "?limits=attach") throws -> String {
        let fingerprint = try fingerprint(key).replacing("/", with: "%2F").replacing("+", with: "%2B")
        return "/v1/keys/\(fingerprint)\(limits)"
    }

    /// A service whose machines dial, with a job that expects one.
    private static func run(
        _ tasks: String = "  - a: wait",
        _ body: @escaping @Sendable (TestService, _ job: String, _ key: String) async throws -> Void
    ) async throws {
        let provider = FakeProvider()
        provider.answers(.dials)
        try await TestService.run(supply: provider) { service in
            try await service.addAlice()
            let job = try await service.submit(tasks).id
            let request = await provider.request(1)
            try await body(service, "\(job)", provider.attachKey(of: request))
        }
    }

    private static func attach(
        _ service: TestService, _ new: NewAttachment
    ) async throws -> BuildAPI.Attachment {
        let answer = try await service.send(.POST, "/v1/attachments", new)
        try #require(answer.status == 201, "\(answer.text)")
        return try answer.decode(BuildAPI.Attachment.self)
    }

    @Test("its machine becomes the job's builder, and the job goes on as every other")
    func builds() async throws {
        try await Self.run("  - a: exit 3") { service, job, key in
            let known = try await service.client.send(.GET, Self.keyPath(key))
            let owner = try known.decode(Key.self)
            #expect(known.status == 200 && owner.limits == [.attach] && owner.owner.name == "alice")
            #expect(try await service.client.send(.GET, Self.keyPath(key, limits: "")).status == 404)
            let machine = try await Self.attach(service, Self.new(key))
            #expect(machine.job.id == JobID(job) && machine.serviceUser == geteuid())
            #expect(
                machine.secret?.utf8.count == 40
                    && machine.job.builder?.endpoint == .socket(path: "/run/a.sock"))
            let kept = try await service.job(job) { $0.builder?.state == .kept }
            #expect(
                kept.status == .failed && kept.tasks.map(\.name) == ["a"] && kept.tasks[0].exitStatus == 3)
            #expect(kept.name == nil && kept.attached?.from == "192.0.2.7" && kept.keep == 600)
            #expect(kept.builder?.hostKeys == [TestService.bobKey] && kept.builder?.certified == false)
            let claim = try await service.claim(job, kind: .proxy)
            #expect(try claim.decode(Claim.self).keyAdmitted == true)
            // Nobody tells the machine itself of deadlines and people.
            let fake = await service.supply.machine(of: job)
            #expect(fake.deadlines.withLock { $0 }.isEmpty && fake.keyLists.withLock { $0 }.isEmpty)
            #expect(fake.places.withLock { $0.last } == .socket(path: "/run/a.sock"))
            let log = try await service.log(job, "setup", when: "the machine has dialled from 192.0.2.7")
            #expect(log.contains("task a: started"))
        }
    }

    @Test("the key is good for one machine, for its own job, and until that has ended")
    func key() async throws {
        try await Self.run { service, job, key in
            let machine = try await Self.attach(service, Self.new(key))
            let second = try await service.send(.POST, "/v1/attachments", Self.new(key))
            #expect(second.status == 409 && second.text.contains("good for one machine"), "\(second.text)")
            let pairing = try await service.send(.POST, "/v1/pairings", Self.new(key))
            #expect(
                pairing.status == 403 && pairing.text.contains("which nobody can adopt"), "\(pairing.text)")
            // It is a stranger for everything else.
            let claim = ClaimRequest(
                session: "s", kind: .shell, person: .init(id: "1"), keyFingerprint: try Self.fingerprint(key),
                key: key, from: "192.0.2.1")
            #expect(try await service.send(.POST, "/v1/jobs/\(job)/claims", claim).status == 403)
            _ = try await service.job(job) { $0.tasks[0].status == .running }
            let cancelled = try await service.client.send(.POST, "/v1/jobs/\(job)/cancel")
            #expect(cancelled.status == 200, "\(cancelled.text)")
            _ = try await service.wait {
                try await service.client.send(.GET, Self.keyPath(key)).status == 404
            }
            for path in ["/v1/attachments", "/v1/attachments/resumption"] {
                let late =
                    path.hasSuffix("s")
                    ? try await service.send(.POST, path, Self.new(key))
                    : try await service.send(
                        .POST, path,
                        Resumption(
                            job: machine.job.id, secret: machine.secret ?? "", key: key, from: "192.0.2.8",
                            endpoint: "unix:/run/b.sock", hostKeys: [TestService.bobKey]))
                #expect([403, 410].contains(late.status), "\(late.text)")
            }
            let heartbeat = try await service.client.send(.POST, "/v1/attachments/\(machine.id)/heartbeat")
            #expect(heartbeat.status == 410)
        }
    }

    @Test("what it says of a command changes nothing")
    func lies() async throws {
        try await Self.run("  - attached: wait") { service, job, key in
            let machine = try await Self.attach(service, Self.new(key) { $0.running = true })
            _ = try await service.job(job) { $0.tasks[0].status == .running }
            let exit = try await service.send(
                .POST, "/v1/attachments/\(machine.id)/exit", AttachedExit(exitStatus: 0))
            #expect(exit.status == 200)
            let log = try await service.client.send(
                .PUT, "/v1/attachments/\(machine.id)/log",
                headers: ["Content-Type": "application/octet-stream"], body: "all is well\n")
            #expect(log.status == 410, "\(log.text)")
            #expect(try await service.job(job).tasks[0].status == .running)
        }
    }

    @Test("a machine that is away comes back, and its task goes on; one that leaves has failed")
    func away() async throws {
        try await Self.run { service, job, key in
            let machine = try await Self.attach(service, Self.new(key))
            _ = try await service.job(job) { $0.tasks[0].status == .running }
            let lost = try await service.client.send(.DELETE, "/v1/attachments/\(machine.id)?reason=lost")
            #expect(lost.status == 204)
            #expect(try await service.job(job).attached?.away == true)
            let back = try await service.send(
                .POST, "/v1/attachments/resumption",
                Resumption(
                    job: machine.job.id, secret: machine.secret ?? "", key: key, from: "192.0.2.8",
                    endpoint: "unix:/run/b.sock", hostKeys: [TestService.bobKey]))
            let again = try back.decode(BuildAPI.Attachment.self)
            #expect(back.status == 200 && again.serviceUser == geteuid())
            let fake = await service.supply.machine(of: job)
            #expect(fake.places.withLock { $0.last } == .socket(path: "/run/b.sock"))
            #expect(try await service.job(job).tasks[0].status == .running)
            let bye = try await service.client.send(.DELETE, "/v1/attachments/\(again.id)?reason=bye")
            #expect(bye.status == 204)
            let over = try await service.job(job)
            #expect(over.status == .failed && over.builderEnd?.reason == .left && over.builder == nil)
            while service.supply.releases.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        }
    }

    @Test("one that does not come back is lost, and the job fails")
    func lost() async throws {
        try await Self.run { service, job, key in
            let machine = try await Self.attach(service, Self.new(key))
            _ = try await service.job(job) { $0.tasks[0].status == .running }
            _ = try await service.client.send(.DELETE, "/v1/attachments/\(machine.id)?reason=lost")
            try await service.wait(step: 30) { try await service.job(job).status == .failed }
            #expect(try await service.job(job).builderEnd?.reason == .lost)
        }
    }

    @Test("while it is away, what the runner wants of it waits")
    func waits() async throws {
        let runner = try await MemoryRunner()
        runner.provider.answers(.dials)
        let directory = runner.directory(slots: 1)
        let id = try await runner.submit("exit 0", to: directory)
        let key = runner.provider.attachKey(of: await runner.provider.request(1))
        runner.provider.onMachine { $0.isUnreachable.withLock { $0 = true } }
        _ = try await directory.attach(Self.new(key), isHere: true)
        let machine = await runner.provider.machine(of: "\(id)")
        for _ in 1...20 {
            runner.clock.advance(by: 1)
            try await Task.sleep(for: .milliseconds(2))
        }
        #expect(try await directory.job(id).status == .running)
        machine.isUnreachable.withLock { $0 = false }
        while try await directory.job(id).status != .success {
            runner.clock.advance(by: 1)
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    @Test(
        "a restarted runner knows the machine and its key; one that died before it was used waits for another"
    )
    func restarts() async throws {
        let runner = try await MemoryRunner()
        runner.provider.answers(.dials)
        let first = runner.directory(slots: 1)
        let id = try await runner.submit("wait", to: first)
        let request = await runner.provider.request(1)
        let key = runner.provider.attachKey(of: request)
        let attachment = try await first.attach(Self.new(key), isHere: true)
        try await runner.wait(for: id, in: first) { $0.tasks[0].status == .running }
        await first.stop(endsBuilders: false)

        let second = runner.directory(slots: 1)
        try await second.takeOver()
        #expect(try await second.attachKey(Self.fingerprint(key))?.owner == runner.alice)
        await #expect(throws: RunnerError.self) { try await second.attach(Self.new(key), isHere: true) }
        let renewed = try await second.withAttachment(attachment.id) { job throws(RunnerError) in
            try await job.heartbeat(ofAttachment: attachment.id)
        }
        #expect(renewed.job.id == id)
        await runner.provider.machine(of: "\(id)").finish("a", with: 0)
        while await !second.isForgotten(id) { try await Task.sleep(for: .milliseconds(1)) }
        #expect(try await second.attachKey(Self.fingerprint(key)) == nil)
        #expect(runner.provider.releases.map(\.id) == [request.allocation])
    }

    @Test("a gateway on another host is refused, and the job's log says why")
    func elsewhere() async throws {
        let runner = try await MemoryRunner()
        runner.provider.answers(.dials)
        let directory = runner.directory(slots: 1)
        let id = try await runner.submit("wait", to: directory)
        let key = runner.provider.attachKey(of: await runner.provider.request(1))
        await #expect(throws: RunnerError.self) { try await directory.attach(Self.new(key), isHere: false) }
        while try await !directory.job(id).isOver { try await Task.sleep(for: .milliseconds(1)) }
        let log = try runner.ownLog(id)
        #expect(log.contains { $0.contains("a gateway on another host than the build service") }, "\(log)")
        #expect(try await directory.job(id).status == .failed)
    }

    @Test("a job that expects no machine gets none")
    func unexpected() async throws {
        let runner = try await MemoryRunner()
        runner.provider.answers(.dials)
        let directory = runner.directory(slots: 1)
        let id = try await runner.submit("wait", to: directory)
        let key = runner.provider.attachKey(of: await runner.provider.request(1))
        let attacher = NewAttachment(
            key: TestService.bobKey, from: "192.0.2.7", endpoint: "unix:/run/a.sock", user: "root",
            hostKeys: [TestService.bobKey], running: false)
        let refused = await #expect(throws: RunnerError.self) {
            try await directory.attach(attacher, isHere: true)
        }
        #expect(refused?.code == .forbidden)
        _ = try await directory.with(id) { job throws(RunnerError) in try await job.cancel(by: Requester()) }
        while await !directory.isForgotten(id) { try await Task.sleep(for: .milliseconds(1)) }
        let late = await #expect(throws: RunnerError.self) {
            try await directory.attach(Self.new(key), isHere: true)
        }
        #expect(late?.code == .forbidden)
    }
}
