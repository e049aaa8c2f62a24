import BuildAPI
import Foundation
import NIOHTTP1
import Testing

@testable import Runner

@Suite("Requests to change a job")
struct ChangesTests {
    @Test("a deadline is moved by seconds or to a time, and every watcher is told")
    func deadline() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.failedJob()
            let path = "/v1/jobs/1/deadline?person=1"
            let moved = try await service.send(.PUT, path, NewDeadline(seconds: 1200))
            #expect(moved.status == 200)
            #expect(try moved.decode(Job.self).deadline == start + 1200)
            let again = try await service.send(.PUT, path, NewDeadline(until: start + 1800))
            #expect(try again.decode(Job.self).deadline == start + 1800)
            let machine = await service.supply.machine(of: "1")
            try await service.wait { (machine.lastDeadline ?? 0) > 1200 }
            let latest = try #require(try await service.job("1").maxDeadline)
            #expect(try await service.send(.PUT, path, NewDeadline(until: latest)).status == 200)
            service.clock.advance(by: latest.timeIntervalSince(service.clock.now))
            let over = try await service.job("1") { $0.builder == nil }
            #expect(over.builderEnd == .init(reason: .deadline))
        }
    }

    @Test("an invalid deadline is refused")
    func malformedDeadlines() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.failedJob()
            let year = 366 * 86400
            let cases: [(String, Int)] = [
                (#"{"seconds":0}"#, 422), (#"{"seconds":-5}"#, 422), (#"{"seconds":\#(year)}"#, 422),
                (#"{"seconds":7300}"#, 422), (#"{"seconds":"3600"}"#, 400), (#"{"seconds":1e300}"#, 400),
                ("{}", 400), (#"{"seconds":5,"until":"2027-01-15T08:00:00Z"}"#, 400),
                (#"{"until":"tomorrow"}"#, 400), (#"{"until":"2099-01-01T00:00:00Z"}"#, 422),
                (#"{"until":"2001-01-01T00:00:00Z"}"#, 200),
            ]
            for (body, status) in cases {
                let answer = try await service.client.send(
                    .PUT, "/v1/jobs/1/deadline", headers: ["Content-Type": "application/json"], body: body)
                #expect(answer.status == status, "\(body)")
            }
            #expect(try await service.job("1").deadline == start + 600)
        }
    }

    @Test("requests that come too early or too late")
    func wrongTimes() async throws {
        try await TestService.run(slots: 1) { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait")
            _ = try await service.job("1") { $0.builder?.state == .ready }
            _ = try await service.submit("  - a: wait")
            let deadline = NewDeadline(seconds: 1)
            for job in ["1", "2"] {
                #expect(try await service.send(.PUT, "/v1/jobs/\(job)/deadline", deadline).status == 409)
                #expect(try await service.client.send(.PUT, "/v1/jobs/\(job)/hold").status == 200)
                #expect(try await service.client.send(.DELETE, "/v1/jobs/\(job)/hold").status == 200)
            }
            #expect(try await service.client.send(.DELETE, "/v1/jobs/2/builder").status == 410)
            let released = try await service.client.send(.DELETE, "/v1/jobs/1/builder?person=1")
            #expect(try released.decode(Job.self).status == .cancelled)
            let alice = Person(id: "1", name: "alice")
            #expect(try released.decode(Job.self).builderEnd == .init(reason: .released, by: alice))
            _ = try await service.job("2") { $0.builder?.state == .ready }
            #expect(try await service.send(.PUT, "/v1/jobs/1/deadline", deadline).status == 410)
            for (method, path): (HTTPMethod, String) in [
                (.PUT, "hold"), (.DELETE, "hold"), (.DELETE, "builder"),
            ] {
                #expect(try await service.client.send(method, "/v1/jobs/1/\(path)").status == 410)
                #expect(try await service.client.send(method, "/v1/jobs/9/\(path)").status == 404)
                #expect(
                    try await service.client.send(method, "/v1/jobs/2/\(path)?person=99").status == 422)
            }
            // It ends after the job says so.
            await service.supply.machine(of: "1").waitUntilEnded()
        }
    }

    @Test("a held builder outlives the last logout, and its release ends it")
    func hold() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.failedJob()
            #expect(try await service.client.send(.PUT, "/v1/jobs/1/hold").decode(Job.self).held)
            let claim = try await service.claim("1").decode(Claim.self)
            _ = try await service.client.send(.DELETE, "/v1/claims/\(claim.id)?reason=logout")
            let held = try await service.job("1")
            #expect(held.builder != nil && held.deadline == start + 3600)
            #expect(try await !service.client.send(.DELETE, "/v1/jobs/1/hold").decode(Job.self).held)
            #expect(try await service.job("1").deadline == start + 600)
            _ = try await service.client.send(.DELETE, "/v1/jobs/1/builder")
            let over = try await service.job("1") { $0.builder == nil }
            #expect(over.status == .failed && over.builderEnd == .init(reason: .released))
        }
    }

    @Test("an operator ends a session; its claim is gone, and it gets no other one")
    func endedSession() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.failedJob()
            let claim = try await service.claim("1").decode(Claim.self)
            _ = try await service.claim("1", session: "s2").decode(Claim.self)
            let path = "/v1/jobs/1/sessions/s1"
            let ended = try await service.client.send(.DELETE, path)
            #expect(ended.status == 200)
            #expect(try ended.decode(Job.self).sessions.map(\.session) == ["s2"])
            for refused in [
                try await service.client.send(.POST, "/v1/claims/\(claim.id)/heartbeat"),
                try await service.claim("1"),
            ] {
                #expect(refused.status == 410)
                let problem = try refused.decode(Problem.self)
                #expect(problem.type == Problem.endedSessionType)
                #expect(problem.detail == "An administrator has ended this session.")
            }
            #expect(try await service.client.send(.DELETE, path).status == 404)
            #expect(try await service.client.send(.DELETE, "/v1/jobs/9/sessions/s1").status == 404)
            // The gateway gives back what it had.
            let release = "/v1/claims/\(claim.id)?reason=lost"
            #expect(try await service.client.send(.DELETE, release).status == 410)
            #expect(try await service.claim("1", session: "s3").status == 201)
        }
    }

    @Test("a guest can enter, and loses the session at the next heartbeat after unsharing")
    func shares() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            _ = try await service.failedJob()
            #expect(try await service.claim("1", byBob: true).status == 403)
            let share = "/v1/jobs/1/shares/bob?person=1"
            for _ in 1...2 {
                let shared = try await service.client.send(.PUT, share).decode(Job.self)
                #expect(shared.shares == [.person(Person(id: "2", name: "bob"))])
            }
            let claim = try await service.claim("1", byBob: true).decode(Claim.self)
            let heartbeat = "/v1/claims/\(claim.id)/heartbeat"
            #expect(try await service.client.send(.POST, heartbeat).status == 200)
            for _ in 1...2 {
                let unshared = try await service.client.send(.DELETE, share).decode(Job.self)
                #expect(unshared.shares.isEmpty)
            }
            #expect(try await service.client.send(.POST, heartbeat).status == 410)
            let job = try await service.job("1")
            #expect(job.sessions.isEmpty && job.builder != nil)
            for (name, status) in [("alice", 409), ("nobody", 422), ("2", 422)] {
                for method in [HTTPMethod.PUT, .DELETE] {
                    let path = "/v1/jobs/1/shares/\(name)"
                    #expect(try await service.client.send(method, path).status == status)
                }
            }
        }
    }

    @Test("a finished job can be shared too, for its logs")
    func sharesOfThePast() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            _ = try await service.submit("  - a: exit 0")
            _ = try await service.job("1") { $0.status == .success && $0.builder == nil }
            #expect(try await service.client.send(.PUT, "/v1/jobs/1/shares/bob").status == 200)
            #expect(try await service.job("1").shares.map(\.name) == ["bob"])
        }
    }

    @Test("a job's visibility is set when it is submitted")
    func visibility() async throws {
        try await TestService.run(slots: 0) { service in
            try await service.addAlice()
            #expect(try await service.submit("  - a: wait").visibility == .unlisted)
            for visibility in Job.Visibility.allCases {
                let query = "owner=alice&visibility=\(visibility)"
                #expect(try await service.submit("  - a: wait", query: query).visibility == visibility)
            }
            let query = "owner=alice&visibility=secret"
            #expect(try await service.submission("  - a: wait", query: query).status == 400)
        }
    }

    @Test("the next runner keeps the changes")
    func restart() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (clock, supply) = (ManualClock(), FakeProvider())
        try await TestService.run(supply: supply, folder: folder, clock: clock) { service in
            try await service.addAlice()
            _ = try await service.failedJob()
            _ = try await service.send(.PUT, "/v1/jobs/1/deadline", NewDeadline(seconds: 5000))
        }
        clock.step(by: 100)
        try await TestService.run(supply: supply, folder: folder, clock: clock) { service in
            #expect(try await service.job("1").deadline == start + 5100)
            service.clock.advance(by: 4999)
            #expect(try await service.job("1").builder != nil)
            service.clock.advance(by: 1)
            let over = try await service.job("1") { $0.builder == nil }
            #expect(over.builderEnd == .init(reason: .deadline))
        }
    }
}
