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
/// | verbs | ``AuthorisationTests``, `table`: every request by everyone; ``claims()`` for entering; ``RerunTests``, `people`; ``GroupTests``, `limits`, for submitting; at the gateway ``PermitTests`` |
/// | API with each role | ``NetworkTests``, `roles`: what each token can ask; ``claims()`` and ``othersClaims()`` for what a gateway says |
/// | events | ``AuthorisationTests``, `table` (`events` and `logs`); ``GroupTests``, `membership`, for lists |
/// | allocators | ``pools()``. An answer names no allocation, and a list ends only what its own pool waits for: ``AllocationWatchTests``, `list` |
/// | a builder's own words | ``words()``: they are read from the one machine that its job has, and name no job |
/// | a restarted runner with an old machine | ``words()``, ``pools()``; ``AllocationTests``, `current` |
/// | an attachment | ``attachments()``, ``dialled()``; ``DialledMachineTests``, `key`, for a key whose job has ended |
@Suite("Nobody gets, runs or answers for a job that is not theirs", .timeLimit(.minutes(2)))
struct StrangersJobTests {
    // MARK: What gateways say

    @Test("whatever a gateway says of somebody, only who may enter is inside, with a key of their own")
    func claims() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            let id = "\(try await service.failedJob().id)"
            #expect(try await service.claim(id, session: "hers", kind: .proxy).status == 201)
            let machine = await service.supply.machine(of: id)
            let stranger = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            let refused = [
                // Bob, who is nobody to this job, as himself and as Alice.
                ("2", TestService.bobFingerprint, TestService.bobKey, "s"),
                ("1", TestService.bobFingerprint, TestService.bobKey, "s"),
                // Her key, and the one that the builder would accept is another.
                ("1", TestService.aliceFingerprint, TestService.bobKey, "s"),
                ("2", TestService.aliceFingerprint, TestService.aliceKey, "s"),
                ("1", stranger, TestService.aliceKey, "s"),
                ("01", TestService.aliceFingerprint, TestService.aliceKey, "s"),
            ]
            func claim(
                _ person: String, _ fingerprint: String, _ key: String, _ session: String
            ) async throws -> Int {
                try await service.send(
                    .POST, "/v1/jobs/\(id)/claims",
                    ClaimRequest(
                        session: session, kind: .proxy, person: .init(id: person),
                        keyFingerprint: fingerprint, key: key, from: "192.0.2.1")
                ).status
            }
            for (person, fingerprint, key, session) in refused {
                #expect(try await claim(person, fingerprint, key, session) == 403, "\(person) \(fingerprint)")
            }
            // A guest has a session of his own, or none.
            #expect(try await service.client.send(.PUT, "/v1/jobs/\(id)/shares/bob?person=1").status == 200)
            #expect(try await claim("2", TestService.bobFingerprint, TestService.bobKey, "hers") == 403)
            let sessions = try await service.job(id).sessions
            #expect(sessions.map(\.person.name) == ["alice"])
            let lists = machine.keyLists.withLock { $0 }
            #expect(lists.last == [TestService.aliceKey] && !lists.joined().contains(TestService.bobKey))
        }
    }

    @Test("a claim counts for its own job, whichever number stands before it")
    func othersClaims() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            let hers = "\(try await service.failedJob().id)"
            let his = "\(try await service.failedJob(query: "owner=bob").id)"
            let claim = try await service.claim(hers).decode(Claim.self)
            let other = try await service.claim(his, session: "b", byBob: true).decode(Claim.self)
            let forged = "\(his)-\(claim.id.dropFirst(hers.count + 1))"
            for path in ["\(forged)/heartbeat", "99-\(claim.id)/heartbeat"] {
                let answer = try await service.client.send(.POST, "/v1/claims/\(path)")
                #expect([404, 410].contains(answer.status), "\(answer.text)")
            }
            #expect(
                try await service.client.send(.DELETE, "/v1/claims/\(forged)?reason=logout").status == 410)
            for (job, own) in [(hers, claim), (his, other)] {
                #expect(try await service.job(job).sessions.count == 1)
                let renewed = try await service.client.send(.POST, "/v1/claims/\(own.id)/heartbeat")
                #expect(try renewed.decode(Claim.self).job == JobID(job))
            }
        }
    }

    // MARK: What builders and allocators say

    @Test("what a builder says is about its own job, before and after the runner restarts")
    func words() async throws {
        let runner = try await MemoryRunner()
        let first = runner.directory(slots: 4)
        var ids: [JobID] = []
        for _ in 1...2 {
            let id = try await runner.submit("wait", to: first)
            try await runner.wait(for: id, in: first) { $0.tasks[0].status == .running }
            ids.append(id)
        }
        await runner.provider.machine(of: "\(ids[0])").write("mine\n", by: "a")
        await first.stop(endsBuilders: false)

        let second = runner.directory(slots: 4)
        try await second.takeOver()
        let machine = await runner.provider.machine(of: "\(ids[1])")
        machine.finish("a", with: 3)
        try await runner.wait(for: ids[1], in: second) { $0.status == .failed }
        #expect(try await second.job(ids[0]).status == .running)
        await runner.provider.machine(of: "\(ids[0])").finish("a", with: 0)
        while try await second.job(ids[0]).status != .success { try await Task.sleep(for: .milliseconds(1)) }
        let log = try String(contentsOfFile: "\(runner.folder)/logs/\(ids[0])/a/log", encoding: .utf8)
        #expect(log == "mine\n")
        #expect(runner.provider.requests.count == 2)
    }

    @Test("a machine is its own pool's: the next runner asks no other one for it, or to release it")
    func pools() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (local, lab, clock) = (FakeProvider(), FakeProvider(), ManualClock())
        let others = [Pool("lab", .init(), max: 2, images: nil, provider: lab)]
        try await TestService.run(supply: local, folder: folder, clock: clock, others: others) { service in
            try await service.addAlice()
            let id = try await service.submit("  - a: exit 1", more: "pool: lab").id
            _ = try await service.job("\(id)") { $0.builder?.state == .kept }
        }
        try await TestService.run(supply: local, folder: folder, clock: clock, others: others) { service in
            #expect(try await service.job("1").builder?.state == .kept)
            #expect(try await service.client.send(.DELETE, "/v1/jobs/1/builder").status == 200)
            try await service.wait { lab.releases.count == 1 }
        }
        #expect(lab.releases.map(\.id) == lab.requests.map(\.allocation))
        #expect(local.requests.isEmpty && local.releases.isEmpty)
    }

    // MARK: Attachments

    @Test("a machine speaks for its own job, and comes back as that one only")
    func attachments() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            let hers = try await AttachmentServiceTests.attach(service)
            let his = try await AttachmentServiceTests.attach(
                service, AttachmentServiceTests.new { $0.key = TestService.bobKey })
            #expect(hers.id != his.id && hers.secret != his.secret)
            func back(_ change: (inout Resumption) -> Void) async throws -> Int {
                var request = AttachmentServiceTests.resumption(hers)
                change(&request)
                return try await service.send(.POST, "/v1/attachments/resumption", request).status
            }
            // Its secret is that of another job, or its job is another one; the key, too, has to be that job's.
            #expect(try await back { $0.secret = his.secret ?? "" } == 404)
            #expect(try await back { $0.job = his.job.id } == 404)
            #expect(try await back { ($0.job, $0.secret) = (his.job.id, his.secret ?? "") } == 404)
            #expect(try await back { ($0.job, $0.key) = (his.job.id, TestService.bobKey) } == 404)
            let exit = try await service.send(
                .POST, "/v1/attachments/\(his.id)/exit", AttachedExit(exitStatus: 1))
            #expect(exit.status == 200)
            let lost = try await service.client.send(.DELETE, "/v1/attachments/\(his.id)?reason=lost")
            #expect(lost.status == 204)
            let job = try await service.job("\(hers.job.id)")
            #expect(job.status == .running && job.attached?.away == nil && job.owner.name == "alice")
            #expect(job.builder?.endpoint == .socket(path: "/run/a.sock"))
        }
    }

    @Test("of two jobs that wait for machines, each gets the one with its own key")
    func dialled() async throws {
        let runner = try await MemoryRunner()
        runner.provider.answers(.dials)
        let directory = runner.directory(slots: 4)
        let ids = [
            try await runner.submit("wait", to: directory), try await runner.submit("wait", to: directory),
        ]
        var keys: [JobID: String] = [:]
        for number in 1...2 {
            let request = await runner.provider.request(number)
            keys[request.job] = runner.provider.attachKey(of: request)
        }
        // The second job's comes first.
        var attached: [BuildAPI.Attachment] = []
        for id in ids.reversed() {
            let machine = DialledMachineTests.new(try #require(keys[id])) { $0.endpoint = "unix:/run/\(id)" }
            let attachment = try await directory.attach(machine, isHere: true)
            #expect(attachment.job.id == id)
            try await runner.wait(for: id, in: directory) { $0.tasks[0].status == .running }
            attached.append(attachment)
        }
        let (second, first) = (attached[0], attached[1])
        for (job, secret, key) in [
            (first, second, second), (first, second, first), (first, first, second), (second, first, first),
        ] {
            let resumption = Resumption(
                job: job.job.id, secret: secret.secret ?? "", key: keys[key.job.id] ?? "",
                from: "192.0.2.8", endpoint: "unix:/run/x", hostKeys: [TestService.bobKey])
            let refusal = await #expect(throws: RunnerError.self) {
                try await directory.resume(resumption, isHere: true)
            }
            #expect(refusal?.code == .notFound)
        }
        for id in ids {
            let endpoint = try await directory.job(id).builder?.endpoint
            #expect(endpoint == .socket(path: "/run/\(id)"))
        }
    }
}
