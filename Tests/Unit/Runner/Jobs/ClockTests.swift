import BuildAPI
import Foundation
import NIOHTTP1
import Testing

@testable import Runner

@Suite("The clock between two runners")
struct ClockTests {
    @Test("setting the wall clock moves no deadline", arguments: [3600.0, -3600, 0.2])
    func step(seconds: Double) async throws {
        try await Self.restarted(
            after: { $0.step(by: seconds) },
            then: { service in
                let moved = abs(seconds) < 0.5 ? 0 : seconds
                let failed = try await service.job("1")
                #expect(failed.builder?.keptUntil == start + 600 + moved)
                #expect(failed.maxDeadline == start + 7200 + moved && failed.created == start)
                let running = try await service.job("2")
                #expect(running.deadline == start + 1000 + moved)
                service.clock.advance(by: 599)
                #expect(try await service.job("1").builder != nil)
                service.clock.advance(by: 1)
                _ = try await service.job("1") { $0.builder == nil }
                service.clock.advance(by: 399)
                #expect(try await service.job("2").status == .running)
                service.clock.advance(by: 1)
                _ = try await service.job("2") { $0.status == .timeout }
            })
    }

    @Test("after a reboot only the wall clock counts")
    func reboot() async throws {
        try await Self.restarted(
            after: { $0.reboot(behind: 700) },
            then: { service in
                _ = try await service.job("1") { $0.builder == nil }
                #expect(try await service.job("2").deadline == start + 1000)
            })
    }

    @Test("several steps, each before another runner, add up")
    func steps() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (clock, supply) = (ManualClock(), FakeProvider())
        try await TestService.run(supply: supply, folder: folder, clock: clock) { try await Self.begin($0) }
        for step in [1000.0, -250, 50] {
            clock.step(by: step)
            try await TestService.run(supply: supply, folder: folder, clock: clock) { _ in }
        }
        try await TestService.run(supply: supply, folder: folder, clock: clock) { service in
            let job = try await service.job("1")
            #expect(job.builder?.keptUntil == start + 600 + 800)
        }
    }

    @Test("the next runner tells a builder its deadline again")
    func builderIsTold() async throws {
        try await Self.restarted(
            after: { $0.advance(by: 100) },
            then: { service in
                let machine = await service.supply.machine(of: "1")
                try await service.wait { machine.lastDeadline == 500 }
            })
    }

    /// A failed job and a running one; then this happens, and the next runner takes over.
    private static func restarted(
        after change: (ManualClock) -> Void, then body: @escaping @Sendable (TestService) async throws -> Void
    ) async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (clock, supply) = (ManualClock(), FakeProvider())
        try await TestService.run(supply: supply, folder: folder, clock: clock) { try await begin($0) }
        change(clock)
        try await TestService.run(supply: supply, folder: folder, clock: clock, body)
    }

    private static func begin(_ service: TestService) async throws {
        try await service.addAlice()
        _ = try await service.submit("  - a: exit 1")
        _ = try await service.job("1") { $0.status.isFinal }
        _ = try await service.submit("  - a: wait", more: "timeout: 1000")
        _ = try await service.job("2") { $0.tasks[0].status == .running }
    }
}
