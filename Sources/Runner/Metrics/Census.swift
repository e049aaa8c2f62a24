import BuildAPI
import Connections
import FoundationEssentials

/// Which jobs and builders there are at a moment, as jobs have last reported it: nobody is asked, and nothing is read.
struct Census: Sendable {
    struct Member: Sendable {
        /// The name of the pool that its builder comes from; empty: none of the runner's.
        var pool: String
        var job: Job
        /// Whether it has a slot in that pool.
        var hasSlot = false
    }

    var pools: [BuilderPool]
    /// Those that wait, run or have a builder.
    var members: [Member]
    /// Where the machines are that wait for somebody to adopt them.
    var pairings: [AddressBlock] = []
    var moment: Date
}

extension JobDirectory {
    var census: Census {
        let now = timekeeper.now()
        return Census(
            pools: poolList,
            members: entries.values.filter { !$0.shown.isOver }.map {
                .init(pool: $0.pool, job: $0.shown.job, hasSlot: $0.hasSlot)
            },
            pairings: pairings.blocks(at: now), moment: now)
    }
}

extension Job {
    /// The word for how it is with a job that is not over, in metrics.
    var shownState: String {
        switch (status.isFinal, builder?.state) {
        case (true, _): "kept"
        case (false, .booting): "booting"
        case (false, .ready), (false, .kept): "running"
        case (false, nil): "waiting"
        }
    }

    static let shownStates = ["waiting", "booting", "running", "kept"]
}
