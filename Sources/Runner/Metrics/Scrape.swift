import BuildAPI
import ConfigurationFile
import FoundationEssentials
import PrometheusMetrics
import Provider
import Version

/// What `/metrics` answers: what has been counted, and how it is now.
///
/// The directory is asked for what it shows anyway; no job is asked, and the database is not.
struct Scrape: Sendable {
    let directory: JobDirectory
    let streams: StreamLimit
    /// When the runner started.
    let start: Date
    /// When the certificate that it shows ends, in seconds since 1970; nil: it shows none.
    let certificateEnd: Int?

    func text() async -> String {
        var page = Exposition()
        page.add(RunnerMetric.build, [Sample(Version.text, value: 1)])
        page.add(RunnerMetric.start, start.timeIntervalSince1970)
        await addJobs(to: &page)
        await addAllocations(to: &page)
        await addState(to: &page)
        let metrics = directory.context.metrics
        for counter in metrics.counters { page.add(counter) }
        for histogram in metrics.histograms { page.add(histogram) }
        return page.text
    }

    private func addJobs(to page: inout Exposition) async {
        let (census, streams) = (await directory.census, streams.numbers)
        census.add(to: &page)
        page.add(RunnerMetric.streams, streams.all)
        let (limits, pools) = (directory.settings.limits, directory.context.pools)
        let uses = census.uses(of: limits, streams: streams.ofPeople) {
            pools[$0]?.runningLimit(limits.runningPerOwner)
        }
        func samples(_ value: (Census.Use) -> Int) -> [Sample] {
            uses.map { Sample(labels: $0.labels, value: Double(value($0))) }
        }
        page.add(RunnerMetric.limits, samples(\.most))
        page.add(RunnerMetric.highestUses, samples(\.highest))
        page.add(RunnerMetric.reachedLimits, samples(\.reached))
    }

    private func addAllocations(to page: inout Exposition) async {
        let allocations = directory.context.allocations
        let (all, overdue) = (await allocations.all, await allocations.overdue)
        // One that is left of a pool that is gone is overdue, too.
        let pools = Set(directory.context.pools.all.map(\.name) + all.map(\.allocation.pool))
        page.add(
            RunnerMetric.allocations,
            pools.flatMap { pool in
                let own = all.filter { $0.allocation.pool == pool }
                let needed = own.count { $0.unneededSince == nil }
                return [
                    Sample(pool, "needed", value: needed),
                    Sample(pool, "releasing", value: own.count - needed),
                ]
            })
        page.add(
            RunnerMetric.overdueAllocations,
            pools.map { pool in Sample(pool, value: overdue.count { $0.pool == pool }) })
    }

    private func addState(to page: inout Exposition) async {
        let (folder, authority) = (directory.settings.stateFolder, directory.context.pools.hostAuthority?.key)
        let use = try? await apart { StateUse(of: folder, authority: authority) }
        page.add(RunnerMetric.diskSize, use?.size)
        page.add(RunnerMetric.diskSpace, use?.free)
        page.add(RunnerMetric.databaseSize, use?.database)
        page.add(RunnerMetric.authority, use.map { $0.hasAuthority ? 1 : 0 })
        page.add(RunnerMetric.certificateEnd, certificateEnd)
    }
}
