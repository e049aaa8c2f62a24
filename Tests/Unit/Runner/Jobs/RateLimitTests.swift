import BuildAPI
import ConfigurationFile
import Foundation
import NIOHTTP1
import Testing

@testable import Runner

@Suite("How often somebody can do something")
struct RateLimitTests {
    private func seconds(_ rate: inout RateLimit, _ owner: String, at second: Double) -> Int? {
        rate.take(of: owner, at: start + second)
    }

    @Test("a minute's submissions at once, and then one as each becomes due; others are not concerned")
    func bucket() {
        var rate = RateLimit(6, in: 60)
        for _ in 1...6 { #expect(seconds(&rate, "alice", at: 0) == nil) }
        #expect(seconds(&rate, "alice", at: 0) == 10)
        #expect(seconds(&rate, "alice", at: 9.5) == 1)
        #expect(seconds(&rate, "bob", at: 9.5) == nil)
        #expect(seconds(&rate, "alice", at: 10) == nil)
        #expect(seconds(&rate, "alice", at: 10) == 10)
        // An hour is worth no more than a minute, and a clock that is set back gives nothing.
        for _ in 1...6 { #expect(seconds(&rate, "alice", at: 3600) == nil) }
        #expect(seconds(&rate, "alice", at: 1800) == 10)
        #expect(seconds(&rate, "alice", at: 1810) == nil)
    }

    @Test("what should not have been counted is given back, and nobody has more than the limit")
    func givenBack() {
        var rate = RateLimit(1, in: 3600)
        rate.giveBack(of: "alice")
        #expect(seconds(&rate, "alice", at: 0) == nil)
        rate.giveBack(of: "alice")
        rate.giveBack(of: "alice")
        #expect(seconds(&rate, "alice", at: 0) == nil)
        #expect(seconds(&rate, "alice", at: 0) == 3600)
    }

    @Test("of any number of names, none is forgotten whose time has not come")
    func manyNames() {
        var rate = RateLimit(1, in: 100)
        for number in 0..<1500 { #expect(seconds(&rate, "a\(number)", at: 0) == nil) }
        for number in 0..<1500 { #expect(seconds(&rate, "b\(number)", at: 200) == nil) }
        #expect(seconds(&rate, "b0", at: 200) == 100 && seconds(&rate, "b1499", at: 200) == 100)
        #expect(seconds(&rate, "a0", at: 200) == nil)
    }

    @Test("whoever submits too often is told when to come again, whatever they send")
    func refusal() async throws {
        try await TestService.run(slots: 0, limits: .with { $0.submissionsPerMinute = 2 }) { service in
            try await service.addAlice()
            try await service.addBob()
            _ = try await service.submit("  - a: exit 0")
            #expect(try await service.submission("  - a: [").status == 422)
            let refusal = try await service.submission("  - a: exit 0")
            #expect(refusal.status == 429 && refusal.headers.first(name: "Retry-After") == "30")
            let problem = try refusal.decode(Problem.self)
            #expect(problem.quota == Quota(what: "submissions in a minute", limit: 2))
            #expect(
                problem.detail
                    == "alice submits more than 2 jobs a minute, which is the limit: try again in 30 seconds."
            )
            _ = try await service.submit("  - a: exit 0", query: "owner=bob")
            service.clock.advance(by: 30)
            _ = try await service.submit("  - a: exit 0")
        }
    }
}
