import BuildAPI
import ConfigurationFile

/// The builders of one owner, and whether there can be one more in a pool.
struct OwnersBuilders: Sendable {
    /// What keeps an owner's next job from starting.
    enum Obstacle: Equatable, Sendable {
        /// As many of their jobs run as can run at once.
        case running
        /// More of their builders are kept than the limit: people are inside, or hold them.
        case kept
    }

    /// Jobs that have not ended and have a slot in this pool: their builders boot, or run tasks.
    private(set) var running: [Job] = []
    /// In all pools.
    private(set) var kept: [Job] = []
    /// In this pool.
    private(set) var keptHere: [Job] = []

    /// - Parameter jobs: those of one owner that have a slot.
    init(_ jobs: some Sequence<Job>, in pool: String = Configuration.Runner.localPool) {
        for job in jobs {
            let isHere = (job.pool ?? Configuration.Runner.localPool) == pool
            if job.builder?.state == .kept {
                kept.append(job)
                if isHere { keptHere.append(job) }
            } else if !job.status.isFinal, isHere {
                running.append(job)
            }
        }
    }

    /// Kept builders stop no build: only people who keep more than the limit, by staying inside or with `hold`, wait.
    ///
    /// - Parameter runningLimit: nil: there are no more slots than that.
    func obstacle(runningLimit: Int?, keptLimit: Int) -> Obstacle? {
        if kept.count > keptLimit { return .kept }
        return runningLimit.map { running.count >= $0 } == true ? .running : nil
    }
}
