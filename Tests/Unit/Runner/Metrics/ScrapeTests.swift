import BuildAPI
import ConfigurationFile
import Foundation
import Hummingbird
import PrometheusMetrics
import Provider
import Testing

@testable import Runner

/// What `/metrics` says while jobs run.
@Suite struct ScrapeTests {
    private func lines(_ directory: JobDirectory, streams: StreamLimit = .init(ofPerson: 3)) async -> Set<
        String
    > {
        let scrape = Scrape(
            directory: directory, streams: streams, start: Date(timeIntervalSince1970: 17),
            certificateEnd: 1_900_000_000)
        return Set(await scrape.text().split(separator: "\n").map(String.init))
    }

    @Test func aRunnerThatHasDoneNothingShowsZeros() async throws {
        let runner = try await MemoryRunner()
        let lines = await lines(runner.directory(slots: 3))
        #expect(
            lines.isSuperset(of: [
                "sallyport_runner_start_time_seconds 17",
                "sallyport_tls_certificate_expiry_timestamp_seconds 1900000000",
                "sallyport_jobs{pool=\"local\",state=\"waiting\"} 0",
                "sallyport_pool_slots{pool=\"local\"} 3",
                "sallyport_pool_free_slots{pool=\"local\"} 3", "sallyport_pool_refusing{pool=\"local\"} 0",
                "sallyport_pool_longest_wait_seconds{pool=\"local\"} 0",
                "sallyport_allocations{pool=\"local\",state=\"needed\"} 0",
                "sallyport_overdue_allocations{pool=\"local\"} 0", "sallyport_claims{kind=\"shell\"} 0",
                "sallyport_attached_machines{state=\"away\"} 0", "sallyport_pairing_machines 0",
                "sallyport_limit{limit=\"kept_per_owner\",pool=\"\"} 2",
                "sallyport_limit_highest_use{limit=\"kept_per_owner\",pool=\"\"} 0",
                "sallyport_refusals_total{reason=\"failure\"} 0", "sallyport_host_authority_usable 0",
            ]))
        #expect(
            lines.contains { $0.hasPrefix("sallyport_runner_build_info{version=\"") && $0.hasSuffix(" 1") })
        #expect(lines.contains { $0.hasPrefix("sallyport_state_filesystem_free_bytes ") })
    }

    /// All that docs/metrics.md lists.
    @Test func everyMetricIsShownOnce() async throws {
        let runner = try await MemoryRunner()
        let lines = await lines(runner.directory(slots: 1))
        let types = lines.filter { $0.hasPrefix("# TYPE ") }
        #expect(types == Set(RunnerMetric.all.map { "# TYPE \($0.name) \($0.kind.rawValue)" }))
    }

    @Test func jobsAndTheirBuildersAreCounted() async throws {
        let runner = try await MemoryRunner()
        let directory = runner.directory(slots: 1)
        let failed = try await runner.submit("exit 1", to: directory)
        try await runner.wait(for: failed, in: directory) { $0.builder?.state == .kept }
        _ = try await runner.submit("exit 0", to: directory)
        runner.clock.advance(by: 90)
        let lines = await lines(directory)
        #expect(
            lines.isSuperset(of: [
                "sallyport_jobs{pool=\"local\",state=\"kept\"} 1",
                "sallyport_jobs{pool=\"local\",state=\"waiting\"} 1",
                "sallyport_builders{pool=\"local\",state=\"kept\"} 1",
                "sallyport_pool_free_slots{pool=\"local\"} 0",
                "sallyport_pool_waiting_jobs{pool=\"local\"} 1",
                "sallyport_pool_longest_wait_seconds{pool=\"local\"} 90",
                "sallyport_allocations{pool=\"local\",state=\"needed\"} 1",
                "sallyport_jobs_submitted_total{pool=\"local\"} 2",
                "sallyport_jobs_ended_total{pool=\"local\",status=\"failed\"} 1",
                "sallyport_allocation_duration_seconds_count{pool=\"local\",result=\"success\"} 1",
                "sallyport_boot_duration_seconds_count{pool=\"local\",result=\"success\"} 1",
                "sallyport_limit_highest_use{limit=\"kept_per_owner\",pool=\"\"} 1",
                "sallyport_limit_highest_use{limit=\"queued_per_owner\",pool=\"\"} 1",
                "sallyport_limit_reached{limit=\"kept_per_owner\",pool=\"\"} 0",
            ]), "\(lines.filter { !$0.hasPrefix("#") }.sorted().joined(separator: "\n"))")
    }

    @Test func whatIsNotReleasedIsCountedAndIsOverdueAfterAnHour() async throws {
        let runner = try await MemoryRunner()
        let directory = runner.directory(slots: 1)
        runner.provider.failReleases(1000)
        let job = try await runner.submit("exit 0", to: directory)
        try await runner.wait(for: job, in: directory) { $0.isOver }
        @Sendable func value(of name: String) async -> Double? {
            await lines(directory).first { $0.hasPrefix("\(name){pool=\"local\"} ") }
                .flatMap { Double($0.split(separator: " ")[1]) }
        }
        try await within60Seconds {
            while await value(of: "sallyport_release_failures_total") ?? 0 < 1 { await Task.yield() }
        }
        #expect(await value(of: "sallyport_overdue_allocations") == 0)
        runner.clock.advance(by: 3600)
        let later = await lines(directory)
        #expect(later.contains("sallyport_overdue_allocations{pool=\"local\"} 1"))
        #expect(later.contains("sallyport_allocations{pool=\"local\",state=\"releasing\"} 1"))
        #expect(later.contains("sallyport_builders_ended_total{pool=\"local\",reason=\"success\"} 1"))
        await directory.stop(endsBuilders: false)
    }

    @Test func whoFollowsCountsOnce() async throws {
        let runner = try await MemoryRunner()
        let streams = StreamLimit(ofPerson: 3)
        let places = [
            try streams.begin(for: "1", of: "root"), try streams.begin(for: "1", of: "root"),
            try streams.begin(for: "2", of: "root"), try streams.begin(for: nil, of: "user 7"),
        ]
        let lines = await lines(runner.directory(slots: 1), streams: streams)
        #expect(lines.contains("sallyport_streams 4"))
        #expect(lines.contains("sallyport_limit_highest_use{limit=\"streams_per_person\",pool=\"\"} 2"))
        withExtendedLifetime(places) {}
    }

    @Test func aLimitIsReachedByThoseWhoHaveAsMuch() {
        let use = Census.Use(limit: .keptPerOwner, most: 2, uses: [1, 2, 3])
        #expect(use.highest == 3 && use.reached == 2)
        #expect(Census.Use(limit: .attachments, most: 1, uses: []).highest == 0)
    }

    @Test func whatIsTurnedOffIsNoLimit() {
        let census = Census(pools: [.init(name: "local", max: 4)], members: [], moment: .distantPast)
        func limits(_ runningLimit: Int?, _ change: (inout Configuration.Runner.Limits) -> Void) -> Set<Limit>
        {
            let uses = census.uses(of: .with(change), streams: []) { _ in runningLimit }
            return Set(uses.map(\.limit))
        }
        let all = limits(2) { _ in }
        let attaching: Set<Limit> = [.attachments, .attachmentsPerOwner, .attachmentsPerAddress]
        let pairing: Set<Limit> = [.pairings, .pairingsPerAddress]
        #expect(all.isSuperset(of: attaching.union(pairing)) && all.contains(.runningPerOwner))
        #expect(limits(2) { $0.pairing = false } == all.subtracting(pairing))
        #expect(limits(2) { $0.attachments = 0 } == all.subtracting(attaching).subtracting(pairing))
        #expect(limits(nil) { _ in } == all.subtracting([.runningPerOwner]))
    }

    /// Half of four builders can be one owner's.
    @Test func theJobsOfAnOwnerThatRunAreCountedInEachPool() async throws {
        let runner = try await MemoryRunner()
        let directory = runner.directory(slots: 4)
        for _ in 0..<2 {
            let job = try await runner.submit("sleep", to: directory)
            try await runner.wait(for: job, in: directory) { $0.builder?.state == .ready }
        }
        let lines = await lines(directory)
        let labels = "{limit=\"running_per_owner\",pool=\"local\"}"
        #expect(
            lines.isSuperset(of: [
                "sallyport_limit\(labels) 2", "sallyport_limit_highest_use\(labels) 2",
                "sallyport_limit_reached\(labels) 1",
            ]))
        await directory.stop(endsBuilders: false)
    }

    /// A provider can call it a failure.
    @Test func anAllocationThatIsCancelledHasNotFailed() async throws {
        let runner = try await MemoryRunner()
        let directory = runner.directory(slots: 1)
        runner.provider.answers(.failure(AllocationFailure(.failed, "in a test")))
        let (asked, cancelled) = (Latch<Bool>(), Latch<Bool>())
        runner.provider.onAllocate { _ in
            asked.open(true)
            // It hears of its end like everybody else, and goes on.
            _ = try? await cancelled.wait()
        }
        let job = try await runner.submit("exit 0", to: directory)
        _ = try await asked.wait()
        _ = try await directory.with(job) { live throws(RunnerError) in
            try await live.cancel(by: Requester())
        }
        let count = "sallyport_allocation_duration_seconds_count{pool=\"local\",result="
        try await within60Seconds {
            while await !lines(directory).contains(where: { $0.hasPrefix(count) }) { await Task.yield() }
        }
        #expect(await lines(directory).contains("\(count)\"cancelled\"} 1"))
    }

    private func within60Seconds(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: .seconds(60))
                throw TestTimeout()
            }
            try await group.next()
            group.cancelAll()
        }
    }
}
