import BuildAPI
import FoundationEssentials
import Presentation

/// How it is with the pools, for people who choose one.
extension JobDirectory {
    /// Nothing about others' jobs but how many there are.
    var poolList: [BuilderPool] {
        let preferred = context.pools.preferred?.name
        return context.pools.all.map { pool in
            let jobs = waitingJobs(in: pool)
            let refusal = jobs.compactMap(\.refusal).min { $0.again < $1.again }
            return BuilderPool(
                name: pool.name,
                description: pool.description.map {
                    HostileText.printable($0, limit: BuilderPool.longestText)
                },
                arch: pool.architectures.map(\.description), max: pool.max, free: free(in: pool),
                waiting: jobs.count, isDefault: pool.name == preferred ? true : nil,
                refusal: refusal.map {
                    .init(detail: $0.sentence, again: timekeeper.wallTime(of: $0.again))
                },
                firstUse: pool.acceptsFirstKeys ? true : nil)
        }
    }

    /// The names of the pools in which a new job cannot start at once, whoever's it is.
    var fullPools: Set<String> {
        let full = context.pools.all.filter { pool in
            free(in: pool) == 0 || waitingJobs(in: pool).contains { $0.refusal != nil }
        }
        return Set(full.map(\.name))
    }

    private func free(in pool: Pool) -> Int { max(0, pool.max - slotsTaken(in: pool.name)) }

    /// Those that have no builder yet, and none on its way unless the pool has refused it before.
    private func waitingJobs(in pool: Pool) -> [Entry] {
        entries.values.filter {
            $0.pool == pool.name && $0.shown.job.status == .queued && (!$0.hasSlot || $0.refusal != nil)
        }
    }
}
