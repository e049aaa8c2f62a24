import BuildAPI
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
                "sallyport_limit{limit=\"kept_per_owner\"} 2",
                "sallyport_limit_highest_use{limit=\"kept_per_owner\"} 0",
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
                "sallyport_limit_highest_use{limit=\"kept_per_owner\"} 1",
                "sallyport_limit_highest_use{limit=\"queued_per_owner\"} 1",
                "sallyport_limit_reached{limit=\"kept_per_owner\"} 0",
            ]), "\(lines.filter { !$0.hasPrefix("#") }.sorted().joined(separator: "\n"))")
    }

    @Test func whatIsNotReleasedIsCountedAndIsOverdueAfterAnHour() async throws {
        let runner = try await MemoryRunner()
        let directory = runner.directory(slots: 1)
        runner.provider.failReleases(1000)
        let job = try await runner.submit("exit 0", to: directory)
        try await runner.wait(for: job, in: directory) { $0.isOver }
        func value(of name: String) async -> Double? {
            await lines(directory).first { $0.hasPrefix("\(name){pool=\"local\"} ") }
                .flatMap { Double($0.split(separator: " ")[1]) }
        }
        while await value(of: "sallyport_release_failures_total") ?? 0 < 1 { await Task.yield() }
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
        #expect(lines.contains("sallyport_limit_highest_use{limit=\"streams_per_person\"} 2"))
        withExtendedLifetime(places) {}
    }

    @Test func aLimitIsReachedByThoseWhoHaveAsMuch() {
        let use = Census.Use(name: "kept_per_owner", limit: 2, uses: [1, 2, 3])
        #expect(use.highest == 3 && use.reached == 2)
        #expect(Census.Use(name: "attachments", limit: 1, uses: []).highest == 0)
    }
}
