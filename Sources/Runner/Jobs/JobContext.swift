import BuildAPI
import FoundationEssentials
import Logging

/// What every job needs of the runner that it belongs to.
struct JobContext: Sendable {
    let store: any Store
    let people: PeopleDirectory
    let pools: Pools
    let allocations: Allocations
    let settings: Settings
    let timekeeper: Timekeeper
    let logger: Logger
    let audit: RunnerAudit
    /// The version of the terms of use that everybody who is inside has accepted; nil: there are none.
    let terms: String?
    let metrics: RunnerMetrics

    /// - Parameters:
    ///   - people: nil: an operator adds them.
    ///   - audit: nil: nobody reads the records.
    init(
        store: any Store, people: PeopleDirectory? = nil, pools: Pools, settings: Settings,
        timekeeper: Timekeeper, logger: Logger, metrics: RunnerMetrics = RunnerMetrics(),
        audit: RunnerAudit? = nil,
        terms: String? = nil
    ) {
        self.audit = audit ?? RunnerAudit(timekeeper, logger)
        self.terms = terms
        self.store = store
        self.people = people ?? PeopleDirectory(store: store, timekeeper, logger: logger)
        self.pools = pools
        allocations = Allocations(store, pools, timekeeper, logger, metrics)
        self.settings = settings
        self.timekeeper = timekeeper
        self.logger = logger
        self.metrics = metrics
    }

    /// Seconds between attempts to write to a full disk.
    private static let retryInterval = 1.0

    var nextAttempt: Date { timekeeper.now().addingTimeInterval(Self.retryInterval) }
}
