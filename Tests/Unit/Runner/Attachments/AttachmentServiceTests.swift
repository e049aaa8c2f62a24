import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import Foundation
import HTTPTypes
import HummingbirdCore
import NIOHTTP1
import Testing

@testable import Runner

/// Attached machines, as gateways see them.
@Suite("Attached machines at the service")
struct AttachmentServiceTests {
    static func new(
        _ change: (inout NewAttachment) -> Void = { _ in }
    ) -> NewAttachment {
        var new = NewAttachment(
            key: TestService.aliceKey, from: "192.0.2.7", endpoint: "unix:/run/a.sock", user: "root",
            hostKeys: [TestService.bobKey], running: true)
        change(&new)
        return new
    }

    static func attach(
        _ service: TestService, _ new: NewAttachment = new()
    ) async throws -> BuildAPI.Attachment {
        let answer = try await service.send(.POST, "/v1/attachments", new)
        try #require(answer.status == 201, "\(answer.text)")
        return try answer.decode(BuildAPI.Attachment.self)
    }

    static func resumption(_ attachment: BuildAPI.Attachment, _ secret: String? = nil) -> Resumption {
        Resumption(
            job: attachment.job.id, secret: secret ?? attachment.secret ?? "", key: TestService.aliceKey,
            from: "192.0.2.8", endpoint: "unix:/run/b.sock", hostKeys: [TestService.bobKey])
    }

    @Test("a machine is a job that can be entered at once, takes no slot, and ends with a bye")
    func attaches() async throws {
        try await TestService.run(slots: 1, limits: .with { $0.keptPerOwner = 1 }) { service in
            try await service.addAlice()
            let machine = try await Self.attach(
                service,
                Self.new {
                    ($0.running, $0.exitStatus, $0.name, $0.note) = (false, 3, "mine", "n")
                    $0.system = "Linux"
                })
            let job = machine.job
            #expect(machine.secret?.utf8.count == 40 && machine.id.utf8.count == 32)
            #expect(machine.lease == 60 && machine.reconnect == 300)
            #expect(job.status == .failed && job.builder?.state == .kept && job.name == "mine")
            #expect(job.tasks.map(\.name) == ["attached"] && job.tasks.map(\.exitStatus) == [3])
            #expect(job.builder?.endpoint == .socket(path: "/run/a.sock") && job.builder?.user == "root")
            #expect(job.builder?.hostKeys == [TestService.bobKey] && job.builder?.certified == false)
            #expect(job.attached?.from == "192.0.2.7" && job.attached?.key == TestService.aliceFingerprint)
            #expect(job.pool == nil && job.attached?.system == "Linux")
            let claim = try await service.claim("\(job.id)", kind: .proxy)
            #expect(claim.status == 201, "\(claim.text)")
            #expect(try claim.decode(Claim.self).keyAdmitted == true)
            // It is no kept builder of its owner's, and the one slot is free.
            let failed = try await service.failedJob()
            #expect(failed.builder?.state == .kept)
            let heartbeat = try await service.client.send(.POST, "/v1/attachments/\(machine.id)/heartbeat")
            #expect(heartbeat.status == 200)
            #expect(try heartbeat.decode(BuildAPI.Attachment.self).secret == nil)
            for reason in ["", "?reason=tired"] {
                let answer = try await service.client.send(.DELETE, "/v1/attachments/\(machine.id)\(reason)")
                #expect(answer.status == 400)
            }
            let bye = try await service.client.send(.DELETE, "/v1/attachments/\(machine.id)?reason=bye")
            #expect(bye.status == 204)
            #expect(try await service.job("\(job.id)").builderEnd?.reason == .left)
            for path in ["\(machine.id)/heartbeat", "0123456789abcdef0123456789abcdef/heartbeat"] {
                #expect(try await service.client.send(.POST, "/v1/attachments/\(path)").status == 410)
            }
            let late = try await service.send(
                .POST, "/v1/attachments/resumption", Self.resumption(machine))
            #expect(late.status == 410, "\(late.text)")
        }
    }

    @Test("what the machine's command does is what its job does")
    func exits() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            for (status, expected) in [(0, Job.Status.success), (7, .failed)] {
                let machine = try await Self.attach(service)
                let exit = try await service.send(
                    .POST, "/v1/attachments/\(machine.id)/exit", AttachedExit(exitStatus: status))
                // A success that nobody is inside of is finished, and has no attachment any more.
                #expect(exit.status == 200, "\(exit.text)")
                let job = try await service.job("\(machine.job.id)")
                #expect(job.status == expected && job.isOver == (status == 0))
            }
            let machine = try await Self.attach(service)
            for body in [AttachedExit(exitStatus: 256), AttachedExit(exitStatus: -1)] {
                let answer = try await service.send(.POST, "/v1/attachments/\(machine.id)/exit", body)
                #expect(answer.status == 422)
            }
        }
    }

    @Test("the same machine comes back with its secret, and nobody else does")
    func resumes() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            let machine = try await Self.attach(service)
            let path = "/v1/attachments/resumption"
            let right = Self.resumption(machine)
            func answer(_ change: (inout Resumption) -> Void) async throws -> HTTPClient.Answer {
                var request = right
                change(&request)
                return try await service.send(.POST, path, request)
            }
            let wrong = try await answer { $0.secret = AttachmentSecret().word }
            let other = try await answer { $0.job = JobID("99")! }
            let empty = try await answer { $0.secret = "" }
            let foreign = try await answer { $0.key = TestService.bobKey }
            for refusal in [wrong, other, empty, foreign] {
                #expect(refusal.status == 404 && refusal.text == wrong.text)
            }
            #expect(try await answer { $0.hostKeys = [TestService.aliceKey] }.status == 409)
            let lost = try await service.client.send(.DELETE, "/v1/attachments/\(machine.id)?reason=lost")
            #expect(lost.status == 204)
            #expect(try await service.job("\(machine.job.id)").attached?.away == true)
            #expect(try await service.claim("\(machine.job.id)").status == 503)
            let back = try await answer { _ in }
            let again = try back.decode(BuildAPI.Attachment.self)
            #expect(back.status == 200 && again.id != machine.id && again.secret != machine.secret)
            #expect(again.job.id == machine.job.id && again.job.attached?.from == "192.0.2.8")
            #expect(try await service.claim("\(machine.job.id)").status == 201)
            #expect(
                try await service.client.send(.POST, "/v1/attachments/\(machine.id)/heartbeat").status == 410)
            #expect(
                try await service.client.send(.POST, "/v1/attachments/\(again.id)/heartbeat").status == 200)
            // A secret is good once.
            #expect(try await answer { _ in }.status == 404)
        }
    }

    @Test("a runner that restarts finds the machine, which is away only after a lease of its own")
    func restarts() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let clock = ManualClock()
        let kept = Latch<BuildAPI.Attachment>()
        try await TestService.run(folder: folder, clock: clock) { service in
            try await service.addAlice()
            kept.open(try await Self.attach(service))
        }
        let machine = try await kept.wait()
        clock.advance(by: 3000)
        try await TestService.run(folder: folder, clock: clock) { service in
            #expect(
                try await service.client.send(.POST, "/v1/attachments/\(machine.id)/heartbeat").status == 200)
            #expect(try await service.job("\(machine.job.id)").attached?.away == nil)
            clock.advance(by: 61)
            _ = try await service.job("\(machine.job.id)") { $0.attached?.away == true }
            clock.advance(by: 301)
            let lost = try await service.job("\(machine.job.id)") { $0.builder == nil }
            #expect(lost.builderEnd?.reason == .lost)
        }
    }

    @Test("names are unique among an owner's live machines, and found by those who can enter")
    func names() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            let first = try await Self.attach(service, Self.new { $0.name = "x" })
            let taken = try await service.send(.POST, "/v1/attachments", Self.new { $0.name = "x" })
            #expect(taken.status == 409 && taken.text.contains("job \(first.job.id)"))
            let bobs = try await Self.attach(
                service, Self.new { ($0.key, $0.name) = (TestService.bobKey, "x") })
            func named(_ query: String) async throws -> [JobID] {
                let answer = try await service.client.send(.GET, "/v1/jobs?\(query)")
                try #require(answer.status == 200, "\(answer.text)")
                return try answer.decode(JobList.self).jobs.map(\.id)
            }
            #expect(try await named("name=x&person=1") == [first.job.id])
            #expect(try await named("name=X&person=1").isEmpty)
            for name in ["", "1", "job-x", "x%20y"] {
                #expect(try await service.client.send(.GET, "/v1/jobs?name=\(name)&person=1").status == 422)
            }
            #expect(try await service.client.send(.GET, "/v1/jobs?person=").status == 422)
            #expect(try await named("name=x").count == 2)
            _ = try await service.client.send(.PUT, "/v1/jobs/\(bobs.job.id)/shares/alice?person=2")
            #expect(try await named("name=x&person=1") == [first.job.id, bobs.job.id])
            _ = try await service.client.send(.DELETE, "/v1/attachments/\(first.id)?reason=cancelled")
            #expect(try await named("name=x&person=1") == [bobs.job.id])
            _ = try await Self.attach(service, Self.new { $0.name = "x" })
        }
    }

    @Test("the limits are the service's, the owner's and the address's; with none, there is no such thing")
    func limits() async throws {
        try await TestService.run(limits: .with { $0.attachmentsPerOwner = 1 }) { service in
            try await service.addAlice()
            let first = try await Self.attach(service)
            let second = try await service.send(.POST, "/v1/attachments", Self.new())
            #expect(second.status == 429 && second.text.contains("release job \(first.job.id)"))
            _ = try await service.client.send(.DELETE, "/v1/attachments/\(first.id)?reason=bye")
            _ = try await Self.attach(service)
        }
        try await TestService.run(limits: .with { $0.attachments = 0 }) { service in
            try await service.addAlice()
            #expect(try await service.send(.POST, "/v1/attachments", Self.new()).status == 404)
        }
    }

    @Test(
        "a key limited to attaching attaches, from its addresses, until it expires; it is told to those who know"
    )
    func limitedKeys() async throws {
        let clock = ManualClock()
        try await TestService.run(clock: clock) { service in
            try await service.addAlice()
            let key = NewKey(
                owner: "alice", key: TestService.bobKey, limits: [.attach], expires: clock.now + 1000,
                from: ["192.0.2.0/24"])
            let added = try await service.send(.POST, "/v1/keys", key)
            #expect(added.status == 201, "\(added.text)")
            let path = "/v1/keys/\(TestService.bobFingerprint.percentEncoded)"
            for query in ["", "?limits=confirm"] {
                #expect(try await service.client.send(.GET, path + query).status == 404)
            }
            let known = try await service.client.send(.GET, path + "?limits=confirm,attach").decode(Key.self)
            #expect(known.limits == [.attach] && known.from == ["192.0.2.0/24"] && known.expires != nil)
            func list(_ query: String) async throws -> Int {
                try await service.client.send(.GET, "/v1/keys?\(query)").decode(KeyList.self).keys.count
            }
            #expect(try await list("owner=alice") == 1)
            #expect(try await list("limits=attach&owner=alice") == 2)
            // It is of no use anywhere else.
            let job = try await service.failedJob()
            let claim = try await service.send(
                .POST, "/v1/jobs/\(job.id)/claims",
                ClaimRequest(
                    session: "s", kind: .shell, person: .init(id: "1"),
                    keyFingerprint: TestService.bobFingerprint, key: TestService.bobKey, from: "192.0.2.1"))
            #expect(claim.status == 403 && claim.text.contains("attaching"))
            let query = "owner=alice&key=\(TestService.bobFingerprint.percentEncoded)"
            #expect(try await service.submission("  - a: true", query: query).status == 403)

            let outside = try await service.send(
                .POST, "/v1/attachments",
                Self.new { ($0.key, $0.from) = (TestService.bobKey, "198.51.100.1") })
            #expect(outside.status == 403 && outside.text.contains("198.51.100.1"))
            let machine = try await Self.attach(service, Self.new { $0.key = TestService.bobKey })
            #expect(machine.job.owner.id == "1")
            // It expires: who is there stays, and nobody comes back with it.
            try await service.wait(step: 50) {
                let beat = try await service.client.send(.POST, "/v1/attachments/\(machine.id)/heartbeat")
                #expect(beat.status == 200)
                return clock.now > Date(timeIntervalSince1970: 1_800_001_000)
            }
            var request = Self.resumption(machine)
            request.key = TestService.bobKey
            let late = try await service.send(.POST, "/v1/attachments/resumption", request)
            #expect(late.status == 403 && late.text.contains("expired"), "\(late.text)")
            let new = try await service.send(
                .POST, "/v1/attachments", Self.new { $0.key = TestService.bobKey })
            #expect(new.status == 403 && new.text.contains("expired"))
            // Without the key, the machine has to leave.
            #expect(try await service.client.send(.DELETE, path).status == 204)
            #expect(
                try await service.client.send(.POST, "/v1/attachments/\(machine.id)/heartbeat").status == 410)
            #expect(try await service.job("\(machine.job.id)").isOver)
        }
    }

    @Test("a limited key that a person adds is pending, and has its other limits when it is confirmed")
    func ownLimitedKeys() async throws {
        let (directory, store, clock) = try await TestService.makeDirectory()
        let alice = try #require(try await store.person("alice"))
        let key = try PublicKey.parse(line: TestService.bobKey).key
        let range = try #require(AddressRange("192.0.2.0/24"))
        let limit = AttachLimit(expires: clock.now + 5000, from: [range])
        let added = try await store.addPendingKey(
            key, comment: "", of: alice, with: nil, limit: limit, at: clock.now)
        #expect(added.limits == [.confirm, .attach] && added.from == ["192.0.2.0/24"])
        #expect(try await store.key(key.fingerprint) == nil)
        let confirmed = try await store.confirmKey(
            key.fingerprint, word: try #require(added.word), at: clock.now)
        #expect(confirmed.limits == [.attach] && confirmed.from == ["192.0.2.0/24"])
        #expect(confirmed.expires == clock.now + 5000)
        let new = Self.new { ($0.key, $0.hostKeys) = (TestService.bobKey, [TestService.aliceKey]) }
        #expect(try await directory.attach(new, isHere: true).job.owner.id == alice.id)
        store.close()
    }

    @Test("a limited key that makes no sense is refused")
    func senselessKeys() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let key = TestService.bobKey
            let past = service.clock.now - 1
            for new in [
                NewKey(owner: "alice", key: key, limits: [.confirm]),
                NewKey(owner: "alice", key: key, limits: [.attach, .attach]),
                NewKey(owner: "alice", key: key, expires: service.clock.now + 10),
                NewKey(owner: "alice", key: key, from: ["192.0.2.7"]),
                NewKey(owner: "alice", key: key, limits: [.attach], expires: past),
                NewKey(owner: "alice", key: key, limits: [.attach], from: ["192.0.2.1/24"]),
                NewKey(owner: "alice", key: key, limits: [.attach], from: Array(repeating: "::1", count: 51)),
            ] {
                let answer = try await service.send(.POST, "/v1/keys", new)
                #expect(answer.status == 422, "\(answer.text)")
            }
        }
    }

    @Test("a robot's machines are its members'; it has limited keys only")
    func robots() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            #expect(try await service.client.send(.PUT, "/v1/people/ci/robot").status == 204)
            #expect(try await service.client.send(.PUT, "/v1/people/alice/robot").status == 409)
            #expect(try await service.client.send(.PUT, "/v1/people/42/robot").status == 422)
            for name in ["nobody", "42"] {
                #expect(try await service.client.send(.DELETE, "/v1/people/\(name)/robot").status == 404)
            }
            let whole = try await service.send(
                .POST, "/v1/keys", NewKey(owner: "ci", key: TestService.bobKey))
            #expect(whole.status == 409 && whole.text.contains("robot"))
            let limited = NewKey(owner: "ci", key: TestService.bobKey, limits: [.attach])
            #expect(try await service.send(.POST, "/v1/keys", limited).status == 201)
            let people = try await service.client.send(.GET, "/v1/people").decode(AccountList.self).people
            #expect(people.map(\.robot) == [nil, true])
            let new = Self.new { ($0.key, $0.hostKeys) = (TestService.bobKey, [TestService.aliceKey]) }
            let nobodys = try await service.send(.POST, "/v1/attachments", new)
            #expect(nobodys.status == 403 && nobodys.text.contains("no members"))
            #expect(try await service.client.send(.PUT, "/v1/people/alice/groups/ci").status == 204)
            let teams = try await Self.attach(service, new)
            #expect(teams.job.owner == .group(Group(name: "ci")) && teams.job.submitter?.name == "ci")
            #expect(try await service.claim("\(teams.job.id)").status == 201)
            var ours = new
            ours.member = "alice"
            #expect(try await Self.attach(service, ours).job.owner.id == "1")
            for name in ["ci", "nobody", "2"] {
                ours.member = name
                #expect(try await service.send(.POST, "/v1/attachments", ours).status == 422)
            }
        }
    }

    @Test("a machine says at which gateway it is, and that changes when it comes back through another one")
    func gateways() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let machine = try await Self.attach(service, Self.new { $0.gateway = "gw1.example.org" })
            #expect(machine.job.attached?.gateway == "gw1.example.org")
            var back = Self.resumption(machine)
            for name in ["", "-gw", "gw 1", "gw\n1"] {
                back.gateway = name
                #expect(
                    try await service.send(.POST, "/v1/attachments/resumption", back).status == 422)
                let new = Self.new { $0.gateway = name }
                #expect(try await service.send(.POST, "/v1/attachments", new).status == 422)
            }
            back.gateway = "gw2.example.org"
            let answer = try await service.send(.POST, "/v1/attachments/resumption", back)
            #expect(
                try answer.decode(BuildAPI.Attachment.self).job.attached?.gateway == "gw2.example.org")
        }
    }

    @Test("the command's output is the log of the task, in pieces, also after the command has ended")
    func logs() async throws {
        try await TestService.run(limits: .with { $0.log = 12 }) { service in
            try await service.addAlice()
            let machine = try await Self.attach(service)
            let path = "/v1/attachments/\(machine.id)/log"
            #expect(
                try await service.client.send(.PUT, path, headers: Self.bytes, body: "one\n").status == 200)
            _ = try await service.send(
                .POST, "/v1/attachments/\(machine.id)/exit", AttachedExit(exitStatus: 1))
            #expect(
                try await service.client.send(.PUT, path, headers: Self.bytes, body: "two\n").status == 200)
            let log = "/v1/jobs/\(machine.job.id)/logs/attached"
            #expect(try await service.client.send(.GET, log).text == "one\ntwo\n")
            #expect(
                try await service.client.send(.PUT, path, headers: Self.bytes, body: "more than is allowed\n")
                    .status == 200)
            let cut = try await service.client.send(.GET, log).text
            #expect(cut.hasPrefix("one\ntwo\nmore") && cut.contains("log limit reached"))
            // Nobody writes it any more, so those who follow it are let go.
            try await service.wait(step: 10) {
                _ = try await service.client.send(.POST, "/v1/attachments/\(machine.id)/heartbeat")
                return try await service.client.send(.PUT, path, headers: Self.bytes, body: "late").status
                    == 410
            }
            let followed = try await service.client.send(.GET, log + "?follow=true")
            #expect(followed.isWhole && followed.text == cut)
            let strange = "/v1/attachments/0123456789abcdef0123456789abcdef/log"
            #expect(
                try await service.client.send(.PUT, strange, headers: Self.bytes, body: "x").status == 410)
        }
    }

    @Test("the last piece ends the log at once, and a machine that sends none has none to wait for")
    func ends() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let machine = try await Self.attach(service)
            let path = "/v1/attachments/\(machine.id)/log"
            #expect(try await service.client.send(.PUT, path, body: "x").status == 415)
            #expect(
                try await service.client.send(.PUT, path, headers: Self.bytes, body: "one\n").status == 200)
            #expect(
                try await service.client.send(.PUT, path + "?end=true", headers: Self.bytes, body: "").status
                    == 200)
            #expect(try await service.client.send(.PUT, path, headers: Self.bytes, body: "x").status == 410)
            var silent = Self.new()
            silent.log = false
            let other = try await Self.attach(service, silent)
            for job in [machine.job.id, other.job.id] {
                let log = try await service.client.send(.GET, "/v1/jobs/\(job)/logs/attached?follow=true")
                #expect(log.isWhole && log.text == (job == machine.job.id ? "one\n" : ""))
            }
        }
    }

    private static let bytes: HTTPHeaders = ["Content-Type": "application/octet-stream"]

    @Test("a log that breaks off says so, and only the newest request writes it")
    func brokenLog() async throws {
        let runner = try await MemoryRunner()
        let directory = runner.directory(slots: 1)
        let machine = try await directory.attach(Self.new(), isHere: true)
        let path = "\(runner.folder)/logs/\(machine.job.id)/attached/log"
        func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
        try await directory.withAttachment(machine.id) { job throws(RunnerError) in
            let first = try await job.beginLog(ofAttachment: machine.id)
            try? await job.appendToLog(Array("one".utf8), as: first)
            await job.breakLog(as: first)
            await job.endLog(as: first)
        }
        #expect(try text() == "one" + AttachedLog.gap)
        try await directory.withAttachment(machine.id) { job throws(RunnerError) in
            let old = try await job.beginLog(ofAttachment: machine.id)
            let new = try await job.beginLog(ofAttachment: machine.id)
            try? await job.appendToLog(Array("two".utf8), as: new)
            await #expect(throws: RunnerError.self) {
                try await job.appendToLog(Array("late".utf8), as: old)
            }
            // It has broken off when nobody waited for it any more.
            await job.breakLog(as: old)
            // Nor does it know whether the log has ended.
            await job.endLog(as: old, isLast: true)
            try? await job.appendToLog(Array("three".utf8), as: new)
            await job.endLog(as: new)
        }
        #expect(try text() == "one" + AttachedLog.gap + "twothree")
        // Between two pieces the connection was lost as well; it is said once.
        for _ in 1...2 {
            let again = Self.resumption(machine)
            _ = try? await directory.withAttachment(machine.id) { job throws(RunnerError) in
                try await job.resume(
                    again, hostKeys: again.hostKeys, endpoint: .socket(path: "/run/a"), isHere: true)
            }
        }
        #expect(try text() == "one" + AttachedLog.gap + "twothree" + AttachedLog.gap)
    }

    @Test("the log of a command that has ended goes on when its machine is back")
    func continuedLog() async throws {
        let clock = ManualClock()
        try await TestService.run(clock: clock) { service in
            try await service.addAlice()
            let machine = try await Self.attach(service)
            func write(_ text: String, to id: String, end: String = "") async throws -> Int {
                try await service.client.send(
                    .PUT, "/v1/attachments/\(id)/log\(end)", headers: Self.bytes, body: text
                ).status
            }
            #expect(try await write("one\n", to: machine.id) == 200)
            _ = try await service.send(
                .POST, "/v1/attachments/\(machine.id)/exit", AttachedExit(exitStatus: 1))
            #expect(
                try await service.client.send(.DELETE, "/v1/attachments/\(machine.id)?reason=lost").status
                    == 204)
            clock.advance(by: 100)
            let back = try await service.send(.POST, "/v1/attachments/resumption", Self.resumption(machine))
            let again = try back.decode(BuildAPI.Attachment.self)
            clock.advance(by: 20)
            #expect(try await write("late", to: machine.id) == 410)
            #expect(try await write("two\n", to: again.id) == 200)
            #expect(try await write("", to: again.id, end: "?end=true") == 200)
            let log = try await service.client.send(
                .GET, "/v1/jobs/\(machine.job.id)/logs/attached?follow=true")
            #expect(log.isWhole && log.text == "one\n" + AttachedLog.gap + "two\n")
        }
    }

    @Test("when the CI's end passes while somebody is inside, both sides are told, and nothing is left")
    func untilWhileInside() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let machine = try await Self.attach(
                service,
                Self.new {
                    ($0.running, $0.exitStatus) = (false, 2)
                    $0.until = service.clock.now + 50
                })
            let claim = try await service.claim("\(machine.job.id)").decode(Claim.self)
            #expect(claim.deadline == service.clock.now + 50)
            let paths = [
                "/v1/attachments/\(machine.id)/heartbeat", "/v1/claims/\(claim.id)/heartbeat",
            ]
            service.clock.advance(by: 49)
            for path in paths { #expect(try await service.client.send(.POST, path).status == 200) }
            service.clock.advance(by: 1)
            try await service.wait(step: 0) { try await service.job("\(machine.job.id)").isOver }
            for path in paths { #expect(try await service.client.send(.POST, path).status == 410) }
            let job = try await service.job("\(machine.job.id)")
            #expect(job.status == .failed && job.builderEnd?.reason == .deadline && job.sessions.isEmpty)
            let back = try await service.send(.POST, "/v1/attachments/resumption", Self.resumption(machine))
            #expect(back.status == 410)
        }
    }

    @Test("the service's authority certifies the machine's host keys, for the names of its job")
    func certificates() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let authority = try await KeyPair.hostAuthority(in: folder)
        let supply = FakeProvider(hostAuthority: (authority.publicKey, "build"))
        try await TestService.run(supply: supply, folder: folder) { service in
            try await service.addAlice()
            let machine = try await Self.attach(service)
            #expect(machine.job.builder?.certified == nil)
            let back = try await service.send(.POST, "/v1/attachments/resumption", Self.resumption(machine))
            let again = try back.decode(BuildAPI.Attachment.self)
            for certificates in [machine.certificates, again.certificates] {
                let words = try #require(certificates?.first).split(separator: " ")
                #expect(certificates?.count == 1 && words[0] == "ssh-ed25519-cert-v01@openssh.com")
                let blob = String(
                    decoding: try #require(Data(base64Encoded: String(words[1]))), as: UTF8.self)
                #expect(blob.contains("job-\(machine.job.id).builds.example.org"))
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(!left.contains { $0.hasPrefix("attached-") })
        }
    }

    @Test("an authority that cannot sign makes plain host keys, and no refusal")
    func noCertificates() async throws {
        let supply = FakeProvider(hostAuthority: ("ssh-ed25519 AAAA", "build"))
        try await TestService.run(supply: supply) { service in
            try await service.addAlice()
            let machine = try await Self.attach(service)
            #expect(machine.certificates == nil && machine.job.builder?.certified == false)
        }
    }

    @Test("a full disk is said in a sentence, and leaves nothing half made")
    func fullDisk() async throws {
        let runner = try await MemoryRunner()
        let directory = runner.directory(slots: 1)
        runner.store.fail(
            with: RunnerError(.noSpace, "The disk of the build service is full."), only: "addJob")
        let error = await #expect(throws: RunnerError.self) {
            try await directory.attach(Self.new { $0.name = "x" }, isHere: true)
        }
        #expect(error?.code == .noSpace && ProblemAnswer.response(error!).status.code == 507)
        #expect(await directory.entries.isEmpty)
        #expect(await directory.arriving.isEmpty)
        runner.store.fail(with: nil)
        #expect(try await directory.attach(Self.new { $0.name = "x" }, isHere: true).job.name == "x")
        #expect(await directory.arriving.isEmpty)
    }
}
