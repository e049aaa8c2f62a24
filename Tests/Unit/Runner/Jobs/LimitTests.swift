import BuildAPI
import ConfigurationFile
import Foundation
import NIOHTTP1
import Testing

@testable import Runner

@Suite("Limits")
struct LimitTests {
    @Test("kept builders stop no build; the next failure is not kept, and its log says what to release")
    func keptPerOwner() async throws {
        try await TestService.run(limits: .with { $0.keptPerOwner = 2 }) { service in
            try await service.addAlice()
            _ = try await service.failedJob()
            _ = try await service.failedJob(query: "owner=alice&visibility=private")
            let sentence =
                "the builder is not kept: you have 2 kept builders, which is the limit; to make room, release"
            _ = try await service.submit("  - a: exit 1")
            // Others can read this log.
            _ = try await service.log("3", "setup", when: "\(sentence) 1\n")
            let failed = try await service.job("3") { $0.builder == nil }
            #expect(failed.status == .failed && failed.builderEnd == .init(reason: .limit))
            _ = try await service.submit("  - a: exit 1", query: "owner=alice&visibility=private")
            _ = try await service.log("4", "setup", when: "\(sentence) 2 or 1\n")
            _ = try await service.submit("  - a: exit 1", query: "owner=alice&keep=never")
            let never = try await service.job("5") { $0.status.isFinal }
            #expect(never.builderEnd == .init(reason: .notKept))
            _ = try await service.submit("  - a: exit 0", query: "owner=alice&keep=failure")
            let success = try await service.job("6") { $0.status.isFinal }
            #expect(success.builderEnd == .init(reason: .success))
            _ = try await service.client.send(.DELETE, "/v1/jobs/1/builder")
            let always = try await service.submit("  - a: exit 0", query: "owner=alice&keep=always")
            #expect(always.shell)
            _ = try await service.job("7") { $0.builder?.state == .kept }
            #expect(try await service.submission("  - a: x", query: "owner=alice&keep=ever").status == 400)
        }
    }

    @Test(
        "or the oldest ends for it; people inside are not thrown out, and too many of these make a job wait")
    func keptFull() async throws {
        let limits = Configuration.Runner.Limits.with { ($0.keptPerOwner, $0.keptFull) = (1, .oldest) }
        try await TestService.run(limits: limits) { service in
            try await service.addAlice()
            for _ in 1...2 { _ = try await service.failedJob() }
            _ = try await service.log("2", "setup", when: "to make room, the builder of job 1 ends")
            let oldest = try await service.job("1") { $0.builder == nil }
            #expect(oldest.builderEnd == .init(reason: .limit))
            #expect(try await service.claim("2").status == 201)
            _ = try await service.submit("  - a: wait")
            _ = try await service.job("3") { $0.builder?.state == .ready }
            _ = try await service.client.send(.PUT, "/v1/jobs/3/hold")
            await service.supply.machine(of: "3").finish("a", with: 1)
            _ = try await service.job("3") { $0.builder?.state == .kept }
            #expect(try await service.job("2").builder?.state == .kept)
            _ = try await service.submit("  - a: exit 0")
            _ = try await service.log("4", "setup", when: "waits: you have 2 kept builders; release 3 or 2\n")
            _ = try await service.client.send(.DELETE, "/v1/jobs/3/builder")
            let last = try await service.job("4") { $0.status.isFinal }
            #expect(last.status == .success)
        }
    }

    @Test("a job that waits for a slot says why")
    func slots() async throws {
        try await TestService.run(slots: 1) { service in
            try await service.addAlice()
            try await service.addBob()
            _ = try await service.failedJob()
            _ = try await service.submit("  - a: exit 0")
            _ = try await service.submit("  - a: exit 0", query: "owner=bob")
            _ = try await service.log("2", "setup", when: "all builders (1) are in use; you can release 1\n")
            _ = try await service.log("3", "setup", when: "all builders (1) are in use\n")
        }
    }

    @Test("owners take turns, an owner at the limit lets others pass, and a restart keeps whose turn it is")
    func turns() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (supply, clock, limits) = (
            FakeProvider(), ManualClock(), Configuration.Runner.Limits.with { $0.runningPerOwner = 2 }
        )
        try await TestService.run(slots: 3, limits: limits, supply: supply, folder: folder, clock: clock) {
            service in
            try await service.addAlice()
            try await service.addBob()
            for _ in 1...4 { _ = try await service.submit("  - a: wait") }
            for _ in 1...2 { _ = try await service.submit("  - a: wait", query: "owner=bob") }
            for job in ["1", "2", "5"] { _ = try await service.job(job) { $0.builder?.state == .ready } }
            _ = try await service.log(
                "3", "setup", when: "waits until 2 or 1 has ended: you have 2 running jobs")
            _ = try await service.log("6", "setup", when: "waits: all builders (3) are in use\n")
            clock.advance(by: 1)
            await service.supply.machine(of: "1").finish("a", with: 0)
            _ = try await service.job("3") { $0.builder?.state == .ready }
        }
        try await TestService.run(slots: 3, limits: limits, supply: supply, folder: folder, clock: clock) {
            service in
            await service.supply.machine(of: "2").finish("a", with: 0)
            _ = try await service.job("6") { $0.builder?.state == .ready }
            #expect(try await service.job("4").status == .queued)
        }
    }

    @Test("there is a limit of waiting jobs for each owner")
    func queuedPerOwner() async throws {
        try await TestService.run(slots: 0, limits: .with { $0.queuedPerOwner = 2 }) { service in
            try await service.addAlice()
            try await service.addBob()
            for _ in 1...2 { _ = try await service.submit("  - a: exit 0") }
            let refusal = try await service.submission("  - a: exit 0")
            #expect(refusal.status == 429)
            #expect(
                try refusal.decode(Problem.self).detail
                    == "alice already has 2 waiting jobs, which is the limit: cancel 2 or 1, or try again later."
            )
            _ = try await service.submit("  - a: exit 0", query: "owner=bob")
            _ = try await service.client.send(.POST, "/v1/jobs/1/cancel")
            #expect(try await service.submission("  - a: exit 0").status == 201)
        }
    }

    @Test("there is a limit of sessions for each person, in all jobs together")
    func sessionsPerPerson() async throws {
        try await TestService.run(limits: .with { ($0.sessionsPerPerson, $0.keptPerOwner) = (3, 3) }) {
            service in
            try await service.addAlice()
            try await service.addBob()
            for _ in 1...2 { _ = try await service.failedJob() }
            _ = try await service.client.send(.PUT, "/v1/jobs/2/shares/bob")
            let first = try await service.claim("1", session: "a").decode(Claim.self)
            for session in ["b", "c"] {
                #expect(try await service.claim("2", session: session).status == 201)
            }
            let refusal = try await service.claim("2", session: "d")
            #expect(refusal.status == 429)
            #expect(
                try refusal.decode(Problem.self).detail
                    == "alice already has 3 sessions, which is the limit: leave one in job 2 or 1.")
            #expect(try await service.claim("2", session: "c").status == 201)
            #expect(try await service.claim("2", session: "e", byBob: true).status == 201)
            _ = try await service.client.send(.DELETE, "/v1/claims/\(first.id)?reason=lost")
            #expect(try await service.claim("2", session: "d").status == 201)
        }
    }

    @Test("names only the newest", arguments: [(1...1, "1"), (1...2, "2 or 1"), (1...7, "7, 6, 5, 4 or 3")])
    func list(jobs: ClosedRange<Int>, text: String) {
        #expect(WaitReason.list(jobs.compactMap { JobID("\($0)") }, "or") == text)
    }
}
