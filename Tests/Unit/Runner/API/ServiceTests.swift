import BuildAPI
import ConfigurationFile
import Foundation
import NIOHTTP1
import Testing

@testable import Runner

@Suite("API v1 over a socket")
struct ServiceTests {
    @Test("a job runs its tasks and keeps its builder when one fails")
    func failure() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.submit("  - good: exit 0\n  - bad: exit 7\n  - never: exit 0")
            let job = try await service.job("1") { $0.status.isFinal }
            #expect(job.status == .failed && job.builder?.state == .kept)
            #expect(job.tasks.map(\.status) == [.success, .failed, .skipped])
            #expect(job.tasks.map(\.exitStatus) == [0, 7, nil])
            let log = try await service.client.send(.GET, "/v1/jobs/1/logs/setup?follow=true")
            #expect(log.isWhole && log.text.contains("task bad: exit 7"))
            // How to enter it, the gateway tells those who are let in.
            #expect(log.text.contains("the builder is kept until ") && !log.text.contains("ssh"))
            service.clock.advance(by: 600)
            let over = try await service.job("1") { $0.builder == nil }
            #expect(over.deadline == nil)
            // It ends after the job says so.
            await service.supply.machine(of: "1").waitUntilEnded()
        }
    }

    @Test("a task can be called setup, and complete-build skips the tasks after it")
    func setUp() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.submit("  - setup: write\n  - skip: complete-build\n  - never: exit 1")
            let machine = await service.supply.machine(of: "1")
            await machine.write("from the task\n", by: "setup")
            machine.finish("setup", with: 0)
            let job = try await service.job("1") { $0.status.isFinal }
            #expect(job.status == .success && job.builder == nil)
            #expect(job.tasks.map(\.status) == [.success, .success, .skipped])
            #expect(job.tasks.map(\.completeBuild) == [nil, true, nil])
            func log(_ name: String) async throws -> String {
                try await service.client.send(.GET, "/v1/jobs/\(name)").text
            }
            #expect(try await log("1/logs/setup") == "from the task\n")
            let own = try await log("1/logs/.job")
            #expect(own.contains("task setup: exit 0\n"))
            #expect(own.hasSuffix(" success\n") && own.contains("task skip: complete-build: "))
            // The name that API v1 has had from the beginning.
            _ = try await service.submit("  - a: exit 0")
            _ = try await service.job("2") { $0.status.isFinal }
            #expect(try await log("2/logs/setup").contains("task a: exit 0\n"))
            #expect(try await log("2/logs/setup") == log("2/logs/.job"))
            #expect(try await service.client.send(.GET, "/v1/jobs/2/logs/log").status == 404)
        }
    }

    @Test("jobs wait for a slot, in their order")
    func slots() async throws {
        try await TestService.run(slots: 1) { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait")
            _ = try await service.submit("  - a: exit 0")
            _ = try await service.job("1") { $0.tasks[0].status == .running }
            #expect(try await service.job("2").status == .queued)
            #expect(service.supply.count == 1)
            await service.supply.machine(of: "1").finish("a", with: 0)
            #expect(try await service.job("2") { $0.status.isFinal }.status == .success)
        }
    }

    @Test("with no slots jobs stay queued; a queued job can be cancelled")
    func noSlots() async throws {
        try await TestService.run(slots: 0) { service in
            try await service.addAlice()
            #expect(try await service.submit("  - a: exit 0").status == .queued)
            #expect(try await service.claim("1").status == 409)
            #expect(
                try await service.client.send(.POST, "/v1/jobs/1/cancel").decode(Job.self).status
                    == .cancelled)
            #expect(try await service.client.send(.POST, "/v1/jobs/1/cancel").status == 409)
            #expect(try await service.claim("1").status == 410)
            let list = try await service.client.send(.GET, "/v1/jobs?owner=alice&live=true")
            #expect(try list.decode(JobList.self).jobs.isEmpty)
        }
    }

    @Test("a log is followed from an offset to its end, and ranges are answered")
    func logs() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait")
            let machine = await service.supply.machine(of: "1")
            await machine.write("hello ", by: "a")
            let seen = Latch<Bool>()
            async let whole = service.client.send(.GET, "/v1/jobs/1/logs/a?follow=true") { bytes in
                if bytes.count == 6 { seen.open(true) }
                return true
            }
            async let rest = service.client.send(
                .GET, "/v1/jobs/1/logs/a?follow=true", headers: ["Range": "bytes=6-"])
            _ = try await seen.wait()
            let range = try await service.client.send(
                .GET, "/v1/jobs/1/logs/a", headers: ["Range": "bytes=1-3"])
            #expect(range.status == 206 && range.text == "ell")
            #expect(range.headers["Content-Range"] == ["bytes 1-3/6"])
            let behind = try await service.client.send(
                .GET, "/v1/jobs/1/logs/a", headers: ["Range": "bytes=6-"])
            #expect(behind.status == 416 && behind.headers["Content-Range"] == ["bytes */6"])
            await machine.write("world", by: "a")
            machine.finish("a", with: 0)
            let (all, part) = try await (whole, rest)
            #expect(all.text == "hello world" && all.isWhole)
            #expect(part.text == "world" && part.status == 206)
            #expect(try await service.client.send(.GET, "/v1/jobs/1/logs/b").status == 404)
        }
    }

    @Test("the log of a task that never starts ends with the job")
    func neverStarted() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait\n  - b: exit 0")
            async let log = service.client.send(.GET, "/v1/jobs/1/logs/b?follow=true")
            await service.supply.machine(of: "1").finish("a", with: 1)
            let answer = try await log
            #expect(answer.isWhole && answer.body.isEmpty)
        }
    }

    @Test("a log is cut at its limit while the task continues")
    func logLimit() async throws {
        try await TestService.run(limits: .with { $0.log = 10 }) { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait")
            let machine = await service.supply.machine(of: "1")
            await machine.write("0123456789abc", by: "a")
            await machine.write("def", by: "a")
            machine.finish("a", with: 0)
            #expect(try await service.job("1") { $0.status.isFinal }.status == .success)
            let log = try await service.client.send(.GET, "/v1/jobs/1/logs/a")
            #expect(log.text == "0123456789" + LogFile.limitReached)
        }
    }

    @Test("a stream of events has a sign of life at once, and every 15 seconds")
    func signsOfLife() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait")
            let job = try await service.job("1") { $0.tasks[0].status == .running }
            let id = try await service.client.send(.GET, "/v1/jobs/\(job.id)/events") {
                !$0.contains(UInt8(ascii: "}"))
            }.text.split(separator: "\n").first { $0.hasPrefix("id: ") }?.dropFirst(4)
            let beats = try await service.client.send(
                .GET, "/v1/jobs/1/events", headers: ["Last-Event-ID": String(id ?? "")]
            ) { bytes in
                service.clock.advance(by: 15)
                return bytes.count < ":\n\n:\n\n:\n\n".utf8.count
            }
            #expect(beats.text.hasPrefix(":\n\n:\n\n:\n\n"))
        }
    }

    @Test("events begin with the current state, or after Last-Event-ID")
    func events() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait")
            _ = try await service.job("1") { $0.tasks[0].status == .running }
            let first = try await service.client.send(.GET, "/v1/jobs/1/events") {
                !$0.contains(UInt8(ascii: "}"))
            }
            let lines = first.text.split(separator: "\n").drop { $0 == ":" }
            #expect(first.headers["Content-Type"] == ["text/event-stream"])
            let number = try #require(Int((lines.first ?? "").dropFirst("id: ".count)))
            let isWatching = Latch<Bool>()
            async let next = service.client.send(
                .GET, "/v1/jobs/1/events", headers: ["Last-Event-ID": "\(number)"],
                begun: { isWatching.open(true) })
            _ = try await isWatching.wait()
            await service.supply.machine(of: "1").finish("a", with: 0)
            let (text, isWhole) = try await (next.text, next.isWhole)
            #expect(text.hasPrefix(":\n\nid: \(number + 1)\n"))
            #expect(isWhole)
            #expect(text.contains("event: task") && text.contains("event: builder"))
        }
    }

    @Test("a stream for a person reports what changes about them, and only that")
    func eventsAboutPeople() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let bob = NewKey(owner: "bob", key: TestService.bobKey)
            #expect(try await service.send(.POST, "/v1/keys", bob).status == 201)
            let job = try await service.failedJob(query: "owner=alice&visibility=public")
            let path = "/v1/jobs/\(job.id)/events?person=2"
            let first = try await service.client.send(.GET, path) { !$0.contains(UInt8(ascii: "}")) }
            let number = try #require(first.text.split(separator: "\n").first { $0.hasPrefix("id: ") })
            let changes = [
                (HTTPMethod.PUT, "/v1/people/bob/administration"), (.PUT, "/v1/people/alice/suspension"),
                (.DELETE, "/v1/keys/\(TestService.bobFingerprint)"), (.PUT, "/v1/people/bob/suspension"),
            ]
            let begin = Latch<Bool>()
            async let stream = service.client.send(
                .GET, path, headers: ["Last-Event-ID": String(number.dropFirst(4))],
                until: { String(decoding: $0, as: UTF8.self).matches(of: /event: person/).count < 4 },
                begun: { begin.open(true) })
            _ = try await begin.wait()
            for (method, change) in changes {
                #expect(try await service.client.send(method, change).status == 204)
            }
            // The first says that from now on changes are reported; nothing was about the job, nor for Bob about Alice.
            let events = try await stream.text.split(separator: "\n").filter { !$0.hasPrefix("data: ") }
            #expect(
                events.filter { $0 != ":" }
                    == Array(repeating: [number, "event: person"], count: 4).flatMap(\.self))
        }
    }

    @Test("claims: idempotent, listed, renewed, released")
    func claims() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: exit 1")
            _ = try await service.job("1") { $0.status.isFinal }
            let first = try await service.claim("1")
            #expect(first.status == 201)
            let claim = try first.decode(Claim.self)
            #expect(try await service.claim("1").decode(Claim.self).id == claim.id)
            #expect(try await service.job("1").sessions.map(\.session) == ["s1"])
            service.clock.advance(by: 59)
            #expect(try await service.client.send(.POST, "/v1/claims/\(claim.id)/heartbeat").status == 200)
            service.clock.advance(by: 59)
            #expect(try await service.job("1").sessions.count == 1)
            let release = "/v1/claims/\(claim.id)?reason=logout"
            #expect(try await service.client.send(.DELETE, "/v1/claims/\(claim.id)").status == 400)
            #expect(try await service.client.send(.DELETE, release).status == 204)
            let left = try await service.job("1")
            #expect(left.sessions.isEmpty && left.builder?.state == .kept && left.logout == .ask)
            #expect(try await service.client.send(.DELETE, release).status == 410)
            #expect(try await service.client.send(.POST, "/v1/claims/99-1/heartbeat").status == 404)
        }
    }

    @Test("a lease that runs out ends the session; the builder stays for its keep-time")
    func lease() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: exit 1")
            _ = try await service.job("1") { $0.status.isFinal }
            let claim = try await service.claim("1").decode(Claim.self)
            service.clock.advance(by: 60)
            let job = try await service.job("1") { $0.sessions.isEmpty }
            #expect(job.builder?.keptUntil == start + 660)
            #expect(try await service.client.send(.POST, "/v1/claims/\(claim.id)/heartbeat").status == 410)
        }
    }

    @Test("a runner that was suspended starts every lease again")
    func stoppedRunner() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: exit 1")
            _ = try await service.job("1") { $0.status.isFinal }
            let claim = try await service.claim("1").decode(Claim.self)
            service.clock.advance(by: 70)
            #expect(try await service.client.send(.POST, "/v1/claims/\(claim.id)/heartbeat").status == 200)
            #expect(try await service.job("1").sessions.count == 1)
            // From then on it expires as usual: no step is longer than a busy machine's delay.
            for _ in 0..<16 { service.clock.advance(by: 4) }
            #expect(try await service.job("1") { $0.sessions.isEmpty }.builder != nil)
        }
    }

    @Test("a claim ends with its key")
    func removedKey() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait")
            _ = try await service.job("1") { $0.builder?.state == .ready }
            let claim = try await service.claim("1").decode(Claim.self)
            let key = TestService.aliceFingerprint.replacing("+", with: "%2B").replacing("/", with: "%2F")
            #expect(try await service.client.send(.DELETE, "/v1/keys/\(key)").status == 204)
            #expect(try await service.client.send(.POST, "/v1/claims/\(claim.id)/heartbeat").status == 410)
            #expect(try await service.job("1").sessions.isEmpty)
            #expect(try await service.claim("1").status == 403)
        }
    }

    @Test("a builder that dies fails the job")
    func crash() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait")
            _ = try await service.job("1") { $0.tasks[0].status == .running }
            await service.supply.machine(of: "1").crash()
            #expect(try await service.job("1") { $0.builder == nil && $0.status.isFinal }.status == .failed)
        }
    }

    @Test("the next runner continues a running job, and nothing is lost")
    func restart() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let supply = FakeProvider()
        try await TestService.run(supply: supply, folder: folder) { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait")
            _ = try await service.job("1") { $0.tasks[0].status == .running }
            await supply.machine(of: "1").write("one ", by: "a")
        }
        await supply.machine(of: "1").forgetReceivers()
        try await TestService.run(supply: supply, folder: folder) { service in
            await supply.machine(of: "1").write("two", by: "a")
            await supply.machine(of: "1").finish("a", with: 0)
            _ = try await service.job("1") { $0.status == .success }
            #expect(try await service.client.send(.GET, "/v1/jobs/1/logs/a").text == "one two")
        }
    }

    @Test("refusals are problem details")
    func problems() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let yaml = ["Content-Type": "application/yaml"]
            let json = ["Content-Type": "application/json"]
            let cases: [(String, String, [String: String], String?, Int)] = [
                ("GET", "/v1/jobs/99", [:], nil, 404), ("GET", "/nothing", [:], nil, 404),
                ("PUT", "/v1/jobs", [:], nil, 405), ("POST", "/v1/keys", json, "{", 400),
                ("POST", "/v1/keys", json, #"{"owner":"bob","key":"\#(TestService.aliceKey)"}"#, 409),
                ("POST", "/v1/keys", json, #"{"owner":"bob","key":"rubbish"}"#, 422),
                (
                    "POST", "/v1/keys", json, #"{"owner":"bob","key":"-----BEGIN OPENSSH PRIVATE KEY-----"}"#,
                    422
                ),
                ("POST", "/v1/keys", yaml, "{}", 415),
                ("POST", "/v1/jobs?owner=bob", yaml, "image: debian", 422),
                ("POST", "/v1/jobs?owner=alice", yaml, "image: nowhere", 422),
                ("POST", "/v1/jobs?owner=alice", yaml, String(repeating: "#", count: (1 << 20) + 1), 413),
                ("POST", "/v1/jobs?owner=alice&owner=bob", yaml, "image: debian", 400),
                ("GET", "/v1/jobs?live=maybe", [:], nil, 400),
            ]
            for (method, path, headers, body, status) in cases {
                let answer = try await service.client.send(
                    .init(rawValue: method), path, headers: .init(headers.map { ($0.key, $0.value) }),
                    body: body)
                #expect(answer.status == status, "\(method) \(path)")
                #expect(answer.headers["Content-Type"] == ["application/problem+json"], "\(method) \(path)")
                #expect(try answer.decode(Problem.self).status == status)
            }
            let answer = try await service.client.send(
                .POST, "/v1/jobs?owner=alice", headers: ["Content-Type": "application/yaml"],
                body: "image: debian\nfoo: 1")
            let problem = try answer.decode(Problem.self)
            #expect(problem.line == 2 && problem.key == "foo")
        }
    }

    @Test("a hundred followers get every byte")
    func manyFollowers() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait")
            let machine = await service.supply.machine(of: "1")
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        try await service.client.send(.GET, "/v1/jobs/1/logs/a?follow=true").text
                    }
                }
                for number in 0..<50 { await machine.write("line \(number)\n", by: "a") }
                machine.finish("a", with: 0)
                let expected = (0..<50).map { "line \($0)\n" }.joined()
                for try await text in group { #expect(text == expected) }
            }
        }
    }
}
