import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Logging
import PrometheusMetrics
import Provider

/// Remembers every allocation until its provider has released it, whatever happens to the job and to this runner.
actor Allocations {
    /// The release of one allocation.
    private struct Release {
        /// Its first attempt.
        let attempt: Task<Bool, Never>
        /// All of it.
        let whole: Task<Void, Never>
    }

    private let store: any AllocationStore
    private let pools: Pools
    private let timekeeper: Timekeeper
    private let logger: Logger
    private let metrics: RunnerMetrics
    private var records: [AllocationID: AllocationRecord] = [:]
    /// Which allocation the machine is for that dials with a key, by the key's fingerprint.
    private var keys: [String: AllocationID] = [:]
    /// Those of which it is stored that somebody is inside.
    private var marked: Set<AllocationID> = []
    private var releases: [AllocationID: Release] = [:]
    private var isStopping = false

    /// Seconds until a release is tried again; it doubles each time.
    private static let firstRetry = 5.0
    private static let longestRetry = 300.0

    init(
        _ store: any AllocationStore, _ pools: Pools, _ timekeeper: Timekeeper, _ logger: Logger,
        _ metrics: RunnerMetrics = RunnerMetrics()
    ) {
        self.store = store
        self.pools = pools
        self.timekeeper = timekeeper
        self.logger = logger
        self.metrics = metrics
    }

    /// Reads what an earlier runner has left.
    func takeOver() async throws(RunnerError) -> [AllocationRecord] {
        let left = try await store.allocations()
        for record in left {
            records[record.allocation.id] = record
            if record.entered { marked.insert(record.allocation.id) }
            if let line = record.attachKey, let (key, _) = try? PublicKey.parse(line: line) {
                keys[key.fingerprint] = record.allocation.id
            }
        }
        return left
    }

    /// Stores an allocation. Only after that its provider may hear of it. A job has one that it needs: the others are stored
    /// as no longer needed first.
    func add(_ allocation: Allocation) async throws(RunnerError) {
        for var other in records.values where other.allocation.job == allocation.job {
            other.unneededSince = other.unneededSince ?? timekeeper.now()
            try await store.save(other)
            records[other.allocation.id]?.unneededSince = other.unneededSince
        }
        let record = AllocationRecord(allocation: allocation)
        try await store.save(record)
        records[allocation.id] = record
    }

    /// Stores what the provider says about it. If the disk is full, that is lost when the runner dies, and so is the
    /// builder.
    func update(_ allocation: Allocation) async {
        guard var record = records[allocation.id] else { return }
        record.allocation = allocation
        records[allocation.id] = record
        do {
            try await store.save(record)
        } catch {
            logger.error("allocation \(allocation.id): not stored: \(error.debugDescription)")
        }
    }

    /// Stores the key with which the machine of an allocation can dial a gateway. Only after that anyone may hear of it.
    func add(_ key: PublicKey, to id: AllocationID) async throws(RunnerError) {
        guard var record = records[id], record.attachKey != key.line else { return }
        record.attachKey = key.line
        try await store.save(record)
        records[id]?.attachKey = key.line
        keys[key.fingerprint] = id
    }

    /// Stores that somebody is inside, which its provider is told at its release, whatever becomes of this runner. Only after
    /// that anybody is let in.
    func enter(_ id: AllocationID) async throws(RunnerError) {
        guard var record = records[id], !marked.contains(id) else { return }
        record.entered = true
        // What else is stored meanwhile has it too. It stays: who is refused now could have been told of the machine.
        records[id] = record
        try await store.save(record)
        if records[id] != nil { marked.insert(id) }
    }

    /// The key with that fingerprint, and the allocation that a job still needs; nil: it is no such key, or no longer.
    func attachKey(_ fingerprint: String) -> (key: PublicKey, allocation: Allocation)? {
        guard let id = keys[fingerprint], let record = records[id], record.unneededSince == nil,
            let (key, _) = record.attachKey.flatMap({ try? PublicKey.parse(line: $0) })
        else { return nil }
        return (key, record.allocation)
    }

    /// How many seconds a release can take before an operator should look at it.
    private static let releaseTime = 3600.0

    /// What its provider has not released for too long, the oldest first.
    var overdue: [OverdueRelease] {
        let limit = timekeeper.now().addingTimeInterval(-Self.releaseTime)
        let overdue = records.values.compactMap { record -> OverdueRelease? in
            guard let since = record.unneededSince, since <= limit else { return nil }
            let allocation = record.allocation
            return OverdueRelease(
                allocation: allocation.id.description, pool: allocation.pool, job: allocation.job,
                since: since,
                entered: record.entered)
        }
        return overdue.sorted { ($0.since, $0.allocation) < ($1.since, $1.allocation) }
    }

    /// All that have not been released.
    var all: [AllocationRecord] { Array(records.values) }

    /// Whether it is one of ours that has not been released.
    func knows(_ id: AllocationID) -> Bool { records[id] != nil }

    /// The allocation of a job's builder.
    func current(of job: JobID) -> Allocation? {
        records.values.first { $0.allocation.job == job && $0.unneededSince == nil }?.allocation
    }

    /// Returns when the provider has been asked once to release what this job had before.
    func releasesAreTried(of job: JobID) async {
        for (id, release) in releases where records[id]?.allocation.job == job {
            _ = await release.attempt.value
        }
    }

    // MARK: Releasing

    /// Releases an allocation that nobody needs any more: again and again, until that succeeds. It is not an error if
    /// it has been released already.
    ///
    /// - Returns: when it has been released, or the runner stops.
    func release(_ id: AllocationID, entered: Bool) async {
        guard records[id] != nil else { return }
        let release = releases[id] ?? begin(id, entered)
        await release.whole.value
    }

    /// The same with one attempt, for a runner that ends.
    ///
    /// - Returns: whether it is released.
    @discardableResult
    func releaseOnce(_ id: AllocationID, entered: Bool) async -> Bool {
        guard records[id] != nil else { return true }
        let release = releases[id] ?? begin(id, entered)
        return await release.attempt.value
    }

    /// Nothing is tried again; the next runner does that.
    func stop() {
        isStopping = true
        for release in releases.values { release.whole.cancel() }
    }

    /// Begins to release what an earlier runner has left, and does not wait.
    func beginRelease(_ id: AllocationID, entered: Bool) {
        if records[id] != nil, releases[id] == nil { _ = begin(id, entered) }
    }

    private func begin(_ id: AllocationID, _ entered: Bool) -> Release {
        let attempt = Task {
            markUnneeded(id, entered)
            return await self.attempt(id)
        }
        let whole = Task {
            var interval = Self.firstRetry
            var isReleased = await attempt.value
            while !isReleased, !isStopping {
                let moment = timekeeper.now().addingTimeInterval(interval)
                guard (try? await timekeeper.wait(moment)) != nil else { return }
                interval = min(interval * 2, Self.longestRetry)
                isReleased = await self.attempt(id)
            }
        }
        let release = Release(attempt: attempt, whole: whole)
        releases[id] = release
        return release
    }

    private func markUnneeded(_ id: AllocationID, _ entered: Bool) {
        guard var record = records[id] else { return }
        record.unneededSince = record.unneededSince ?? timekeeper.now()
        record.entered = record.entered || entered
        records[id] = record
    }

    /// - Returns: whether it is released.
    private func attempt(_ id: AllocationID) async -> Bool {
        guard let record = records[id] else { return true }
        let pool = record.allocation.pool
        do {
            try await store.save(record)
        } catch {
            // The next runner asks the job whether someone was inside.
            logger.error("allocation \(id): not stored: \(error.debugDescription)")
        }
        do {
            guard let provider = pools[pool]?.provider else {
                throw BuilderError(.noPool, detail: "[runner.pool.\(pool)]")
            }
            try await provider.release(record.allocation, entered: record.entered)
            // Released twice is better than never: if this fails, it stays in the list.
            try await store.removeAllocation(id)
        } catch {
            metrics.failedReleases.count(pool)
            logger.warning(
                "allocation \(id) of the pool \(pool) is not released: \(String(reflecting: error))")
            return false
        }
        records[id] = nil
        marked.remove(id)
        releases[id] = nil
        for (fingerprint, other) in keys where other == id { keys[fingerprint] = nil }
        return true
    }
}

extension BuilderError.Code {
    /// The administrator has removed the pool.
    static let noPool = Self(sentence: "There is no pool of that name any more.")
}
