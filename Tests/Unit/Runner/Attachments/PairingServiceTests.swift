import BuildAPI
import ConfigurationFile
import Foundation
import HTTPTypes
import NIOHTTP1
import Testing

@testable import Runner

/// Machines that are nobody's until somebody adopts them, as gateways see them.
@Suite("Machines that somebody can adopt, at the service")
struct PairingServiceTests {
    /// Nobody's.
    static let ownKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMpDORu5S+8DioM1UuYWrsS9hjW9Hwv4Zb5glj5crAAA"

    private static func new(_ change: (inout NewAttachment) -> Void = { _ in }) -> NewAttachment {
        AttachmentServiceTests.new {
            ($0.key, $0.hostKeys) = (ownKey, [PairingDeskTests.hostKey()])
            change(&$0)
        }
    }

    private static func pair(_ service: TestService, _ new: NewAttachment = new()) async throws -> Pairing {
        let answer = try await service.send(.POST, "/v1/pairings", new)
        try #require(answer.status == 201, "\(answer.text)")
        return try answer.decode(Pairing.self)
    }

    private static func adopt(
        _ service: TestService, _ code: String?, with key: String = TestService.aliceKey
    ) async throws -> HTTPClient.Answer {
        try await service.send(.POST, "/v1/pairings/adoption", Adoption(code: code ?? "", key: key))
    }

    private static func renew(_ service: TestService, _ pairing: Pairing) async throws -> HTTPClient.Answer {
        try await service.client.send(.POST, "/v1/pairings/\(pairing.id)/renewal")
    }

    @Test(
        "nobody has it, in no list, until somebody enters its code; then it is their job, and the machine learns that"
    )
    func adopted() async throws {
        try await TestService.run(slots: 0) { service in
            try await service.addAlice()
            try await service.addBob()
            let pairing = try await Self.pair(
                service,
                Self.new {
                    ($0.running, $0.exitStatus, $0.name, $0.note) = (false, 3, "mine", "n")
                })
            #expect(pairing.id.utf8.count == 32 && pairing.code?.utf8.count == 7 && pairing.lease == 60)
            #expect(pairing.expires == service.clock.now + 300 && pairing.attachment == nil)
            let list = try await service.client.send(.GET, "/v1/jobs").decode(JobList.self)
            #expect(list.jobs.isEmpty)
            let before = try await Self.renew(service, pairing)
            #expect(before.status == 200)
            #expect(
                try before.decode(Pairing.self)
                    == Pairing(id: pairing.id, expires: pairing.expires, lease: 60))

            let adopted = try await Self.adopt(service, pairing.code?.lowercased())
            let job = try adopted.decode(Job.self)
            #expect(adopted.status == 201 && job.owner.id == "1" && job.submitter == nil)
            #expect(job.status == .failed && job.builder?.state == .kept && job.name == "mine")
            #expect(job.tasks.map(\.exitStatus) == [3] && job.note == "n")
            #expect(job.attached?.adopted == true && job.attached?.from == "192.0.2.7")
            #expect(job.deadline == service.clock.now + 600)
            #expect(try await service.claim("\(job.id)").status == 201)
            #expect(try await service.claim("\(job.id)", session: "s2", byBob: true).status == 403)

            let first = try await Self.renew(service, pairing).decode(Pairing.self)
            let attachment = try #require(first.attachment)
            #expect(attachment.id == pairing.id && attachment.job.id == job.id && first.code == nil)
            #expect(attachment.secret?.utf8.count == 40)
            // The answer can have been lost. Of the secrets the last one counts.
            let again = try #require(try await Self.renew(service, pairing).decode(Pairing.self).attachment)
            #expect(again.secret != attachment.secret)
            #expect(
                try await service.client.send(.POST, "/v1/attachments/\(pairing.id)/heartbeat").status == 200)
            func back(_ secret: String?) async throws -> HTTPClient.Answer {
                try await service.send(
                    .POST, "/v1/attachments/resumption",
                    Resumption(
                        job: job.id, secret: secret ?? "", key: Self.ownKey, from: "192.0.2.8",
                        endpoint: "unix:/run/b.sock", hostKeys: job.builder?.hostKeys ?? []))
            }
            #expect(try await back(attachment.secret).status == 404)
            let resumed = try await back(again.secret)
            #expect(resumed.status == 200, "\(resumed.text)")
            let last = try resumed.decode(BuildAPI.Attachment.self)
            #expect(last.job.attached?.adopted == true)
            #expect(try await Self.renew(service, pairing).status == 410)
            #expect(
                try await service.client.send(.DELETE, "/v1/attachments/\(last.id)?reason=bye").status == 204)
            #expect(try await service.job("\(job.id)").isOver)
        }
    }

    @Test("of two who enter the same code, one has it")
    func raced() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            for _ in 1...5 {
                let code = try await Self.pair(service).code
                async let alices = Self.adopt(service, code)
                async let bobs = Self.adopt(service, code, with: TestService.bobKey)
                let statuses = try await [alices.status, bobs.status]
                #expect(statuses.sorted() == [201, 404])
            }
            let jobs = try await service.client.send(.GET, "/v1/jobs").decode(JobList.self).jobs
            #expect(jobs.count == 5)
        }
    }

    @Test("wrong, used, late and for somebody else are the same; so many times, and then no more for an hour")
    func guessed() async throws {
        let clock = ManualClock()
        try await TestService.run(limits: .with { $0.wrongCodesPerPerson = 5 }, clock: clock) { service in
            try await service.addAlice()
            try await service.addBob()
            let used = try await Self.pair(service)
            #expect(try await Self.adopt(service, used.code).status == 201)
            let bobs = try await Self.pair(service, Self.new { $0.member = "bob" })
            let gone = try await Self.pair(service)
            #expect(try await service.client.send(.DELETE, "/v1/pairings/\(gone.id)").status == 204)
            var answers: Set<String> = []
            for code in ["222-222", "?", used.code, bobs.code, gone.code] {
                let answer = try await Self.adopt(service, code)
                #expect(answer.status == 404)
                answers.insert(answer.text)
            }
            #expect(answers.count == 1)
            let right = try await Self.pair(service)
            let refused = try await Self.adopt(service, right.code)
            #expect(refused.status == 429 && refused.headers.first(name: "Retry-After") == "720")
            #expect(try refused.decode(Problem.self).detail?.contains("too many wrong codes") == true)
            #expect(try await Self.adopt(service, bobs.code, with: TestService.bobKey).status == 201)
            clock.advance(by: 720)
            let late = try await Self.adopt(service, right.code)
            #expect(late.status == 404 && answers.contains(late.text))
        }
    }

    @Test("only people who are known adopt, with a key that is good for everything")
    func people() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let pairing = try await Self.pair(service)
            #expect(try await Self.adopt(service, pairing.code, with: Self.ownKey).status == 403)
            #expect(try await Self.adopt(service, pairing.code, with: "no key").status == 422)
            for limit: Key.Limit in [.attach, .pair] {
                let limited = NewKey(owner: "alice", key: TestService.bobKey, limits: [limit])
                #expect(try await service.send(.POST, "/v1/keys", limited).status == 201)
                #expect(try await Self.adopt(service, pairing.code, with: TestService.bobKey).status == 403)
                let path = "/v1/keys/\(TestService.bobFingerprint.percentEncoded)"
                #expect(try await service.client.send(.DELETE, path).status == 204)
            }
            #expect(try await service.client.send(.PUT, "/v1/people/alice/suspension").status == 204)
            #expect(try await Self.adopt(service, pairing.code).status == 403)
            #expect(try await service.client.send(.DELETE, "/v1/people/alice/suspension").status == 204)
            #expect(try await Self.adopt(service, pairing.code).status == 201)
            // Theirs, whatever becomes of the machine's key; but not once they are suspended.
            let beat = "/v1/attachments/\(pairing.id)/heartbeat"
            #expect(try await service.client.send(.POST, beat).status == 200)
            #expect(try await service.client.send(.PUT, "/v1/people/alice/suspension").status == 204)
            #expect(try await service.client.send(.POST, beat).status == 410)
        }
    }

    @Test("the terms of use come first")
    func terms() async throws {
        try await TestService.run(terms: TermsOfUse(version: "7", text: "x")) { service in
            try await service.addAlice()
            let pairing = try await Self.pair(service)
            let refused = try await Self.adopt(service, pairing.code)
            #expect(refused.status == 403)
            #expect(try refused.decode(Problem.self).type == Problem.termsType)
            #expect(try await service.client.send(.PUT, "/v1/terms/7/acceptances/1").status == 204)
            #expect(try await Self.adopt(service, pairing.code).status == 201)
        }
    }

    @Test("a key that is limited to pairing is told to those who know, and does nothing else")
    func limitedKeys() async throws {
        let clock = ManualClock()
        try await TestService.run(clock: clock) { service in
            try await service.addAlice()
            let key = NewKey(
                owner: "everybody", key: TestService.bobKey, limits: [.pair], expires: clock.now + 1000,
                from: ["192.0.2.0/24"])
            #expect(try await service.send(.POST, "/v1/keys", key).status == 201)
            let path = "/v1/keys/\(TestService.bobFingerprint.percentEncoded)"
            for query in ["", "?limits=confirm,attach"] {
                #expect(try await service.client.send(.GET, path + query).status == 404)
            }
            let known = try await service.client.send(.GET, path + "?limits=attach,pair").decode(Key.self)
            #expect(known.limits == [.pair] && known.from == ["192.0.2.0/24"])
            func list(_ query: String) async throws -> Int {
                try await service.client.send(.GET, "/v1/keys?\(query)").decode(KeyList.self).keys.count
            }
            #expect(try await list("limits=attach") == 1)
            #expect(try await list("limits=attach,pair") == 2)
            // It brings machines that are nobody's, and none that are somebody's.
            let new = Self.new { $0.key = TestService.bobKey }
            let attached = try await service.send(.POST, "/v1/attachments", new)
            #expect(attached.status == 403 && attached.text.contains("adopts"), "\(attached.text)")
            let pairing = try await Self.pair(service, new)
            let outside = try await service.send(
                .POST, "/v1/pairings", Self.new { ($0.key, $0.from) = (TestService.bobKey, "198.51.100.1") })
            #expect(outside.status == 403 && outside.text.contains("198.51.100.1"))
            let job = try await service.failedJob()
            let claim = try await service.send(
                .POST, "/v1/jobs/\(job.id)/claims",
                ClaimRequest(
                    session: "s", kind: .shell, person: .init(id: "2"),
                    keyFingerprint: TestService.bobFingerprint, key: TestService.bobKey, from: "192.0.2.1"))
            #expect(claim.status == 403)
            clock.advance(by: 1)
            #expect(try await Self.adopt(service, pairing.code).status == 201)
            // Without the key, the machine stays: it is Alice's.
            #expect(try await service.client.send(.DELETE, path).status == 204)
            #expect(
                try await service.client.send(.POST, "/v1/attachments/\(pairing.id)/heartbeat").status == 200)
        }
    }

    @Test(
        "limits are the address's, the hour's and the service's; those of attached machines come with the job"
    )
    func limits() async throws {
        try await TestService.run(
            limits: .with { ($0.pairingsPerAddress, $0.attachmentsPerOwner) = (2, 1) }
        ) { service in
            try await service.addAlice()
            let first = try await Self.pair(service)
            let second = try await Self.pair(service)
            let third = try await service.send(.POST, "/v1/pairings", Self.new())
            #expect(third.status == 429)
            #expect(try third.decode(Problem.self).quota == Quota(what: "waiting machines", limit: 2))
            #expect(try await Self.adopt(service, first.code).status == 201)
            let full = try await Self.adopt(service, second.code)
            #expect(full.status == 429 && full.text.contains("release job"))
            // The code is good still.
            #expect(try await service.client.send(.DELETE, "/v1/pairings/\(first.id)").status == 204)
            #expect(try await Self.adopt(service, second.code).status == 201)
        }
    }

    @Test("a name that is taken gets a number")
    func names() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            for expected in ["x", "x-2", "x-3", "x-4", "x-5", nil] {
                let pairing = try await Self.pair(service, Self.new { $0.name = "x" })
                #expect(try await Self.adopt(service, pairing.code).decode(Job.self).name == expected)
            }
        }
    }

    @Test("with pairing = false there is none")
    func off() async throws {
        for limits: Configuration.Runner.Limits in [
            .with { $0.pairing = false }, .with { $0.attachments = 0 },
        ] {
            try await TestService.run(limits: limits) { service in
                try await service.addAlice()
                #expect(try await service.send(.POST, "/v1/pairings", Self.new()).status == 403)
                #expect(try await Self.adopt(service, "222-222").status == 403)
            }
        }
    }

    @Test("a runner that restarts has forgotten those that wait, and knows those that are somebody's")
    func restarts() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let kept = Latch<[Pairing]>()
        try await TestService.run(folder: folder) { service in
            try await service.addAlice()
            let pairings = [try await Self.pair(service), try await Self.pair(service)]
            #expect(try await Self.adopt(service, pairings[1].code).status == 201)
            kept.open(pairings)
        }
        let pairings = try await kept.wait()
        try await TestService.run(folder: folder) { service in
            #expect(try await Self.renew(service, pairings[0]).status == 404)
            #expect(try await Self.adopt(service, pairings[0].code).status == 404)
            let known = try await Self.renew(service, pairings[1]).decode(Pairing.self).attachment
            #expect(known?.job.owner.name == "alice" && known?.job.attached?.adopted == true)
            #expect(known?.secret?.utf8.count == 40)
        }
        // Nor is a code anywhere on the disk.
        for file in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            guard let data = FileManager.default.contents(atPath: "\(folder)/\(file)") else { continue }
            for code in pairings.compactMap(\.code) {
                #expect(data.range(of: Data(code.utf8)) == nil, "\(file)")
            }
        }
    }

    @Test(
        "a machine that leaves while somebody adopts it is nobody's job for long, and they are told",
        arguments: [true, false])
    func leavesMeanwhile(beforeItsJob: Bool) async throws {
        let runner = try await MemoryRunner()
        let directory = runner.directory(slots: 0)
        let pairing = try await directory.pair(Self.new())
        let latch = Latch<Bool>()
        beforeItsJob ? runner.store.holdAdding(until: latch) : runner.store.holdSaving(until: latch)
        async let adoption = directory.adopt(
            Adoption(code: pairing.code ?? "", key: TestService.aliceKey))
        // It is being stored, or its attachment is known and no more.
        if beforeItsJob {
            while await directory.arriving.isEmpty { await Task.yield() }
        } else {
            while await directory.attachedJobs.isEmpty { await Task.yield() }
        }
        async let end: Void = directory.endPairing(pairing.id)
        var isThere = true
        while isThere {
            var desk = await directory.pairings
            isThere = (try? desk.renew(pairing.id, at: runner.clock.now)) != nil
            await Task.yield()
        }
        latch.open(true)
        do {
            let job = try await adoption
            Issue.record("job \(job.id) is Alice's")
        } catch {
            #expect((error as? RunnerError)?.code == .gone, "\(error)")
            #expect("\(error)".contains("has just left"), "\(error)")
        }
        _ = try? await end
        let job = try await runner.store.job(JobID("1")!)?.job
        #expect(job?.builder == nil && job?.builderEnd?.reason == .left, "\(String(describing: job))")
        #expect(await directory.attachedJobs.isEmpty)
        #expect(await directory.arriving.isEmpty)
    }

    @Test("a machine that was adopted and released before its gateway asked has not been left alone")
    func releasedAtOnce() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let pairing = try await Self.pair(service)
            let job = try await Self.adopt(service, pairing.code).decode(Job.self)
            let released = try await service.client.send(.DELETE, "/v1/jobs/\(job.id)/builder?person=1")
            #expect(released.status < 300, "\(released.text)")
            let renewal = try await Self.renew(service, pairing)
            #expect(renewal.status == 410)
            #expect(
                try renewal.decode(Problem.self).detail
                    == "Somebody has adopted this machine, and their job has ended.")
        }
    }

    @Test("a machine that leaves takes its code with it, and its job if it is somebody's by then")
    func leaves() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let pairing = try await Self.pair(service)
            for _ in 1...2 {
                #expect(try await service.client.send(.DELETE, "/v1/pairings/\(pairing.id)").status == 204)
            }
            #expect(try await Self.adopt(service, pairing.code).status == 404)
            #expect(try await Self.renew(service, pairing).status == 404)
            let other = try await Self.pair(service)
            let job = try await Self.adopt(service, other.code).decode(Job.self)
            #expect(try await service.client.send(.DELETE, "/v1/pairings/\(other.id)").status == 204)
            #expect(try await service.job("\(job.id)").builderEnd?.reason == .left)
        }
    }
}
