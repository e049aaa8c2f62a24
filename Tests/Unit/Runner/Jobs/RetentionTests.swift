import BuildAPI
import ConfigurationFile
import Foundation
import NIOHTTP1
import Testing

@testable import Runner

@Suite("How long jobs are remembered")
struct RetentionTests {
    private static let day = 86400.0

    @Test("an old job is removed with its logs; live ones stay")
    func removal() async throws {
        try await TestService.run(limits: .with { $0.retention = 3 }) { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: exit 0")
            _ = try await service.job("1") { $0.status == .success && $0.builder == nil }
            try await Self.pass(Self.day, service)
            _ = try await service.submit("  - a: exit 0")
            _ = try await service.job("2") { $0.status == .success && $0.builder == nil }
            try await Self.pass(2 * Self.day - 3600, service)
            #expect(try await service.client.send(.GET, "/v1/jobs/1").status == 200)
            try await Self.pass(3600, service)
            try await service.wait(step: 600) {
                try await service.client.send(.GET, "/v1/jobs/1").status == 404
            }
            #expect(try await service.client.send(.GET, "/v1/jobs/1/logs/setup").status == 404)
            #expect(!FileManager.default.fileExists(atPath: service.folder + "/logs/1"))
            #expect(try await service.client.send(.GET, "/v1/jobs/2/logs/setup").status == 200)
            #expect(FileManager.default.fileExists(atPath: service.folder + "/logs/2"))
        }
    }

    @Test("jobs that became old while no runner ran are removed at the start, and ids are not reused")
    func start() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (clock, supply) = (ManualClock(), FakeProvider())
        try await TestService.run(slots: 1, supply: supply, folder: folder, clock: clock) { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait", more: "timeout: 72h")
            _ = try await service.job("1") { $0.builder?.state == .ready }
            for job in ["2", "3"] {
                _ = try await service.submit("  - a: exit 0")
                if job == "3" { _ = try await service.client.send(.POST, "/v1/jobs/3/cancel") }
            }
        }
        clock.reboot(behind: 40 * Self.day)
        try await TestService.run(slots: 0, supply: supply, folder: folder, clock: clock) { service in
            #expect(try await service.client.send(.GET, "/v1/jobs/3").status == 404)
            #expect(try await service.job("2").status == .queued)
            // It has ended only now.
            #expect(try await service.job("1") { $0.builder == nil }.status == .timeout)
            let next = try await service.submit("  - a: exit 0")
            #expect("\(next.id)" == "4")
        }
    }

    /// Advances the time in steps of an hour, so that hourly work is done.
    private static func pass(_ seconds: Double, _ service: TestService) async throws {
        for _ in 0..<Int(seconds / 3600) {
            service.clock.advance(by: 3600)
            _ = try await service.client.send(.GET, "/v1/jobs?live=true")
        }
    }
}
