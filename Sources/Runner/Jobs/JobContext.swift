import BuildAPI
import FoundationEssentials
import Logging

/// What every job needs of the runner that it belongs to.
struct JobContext: Sendable {
    let store: any Store
    let people: PeopleDirectory
    let supply: any BuilderSupply
    let settings: Settings
    let timekeeper: Timekeeper
    let logger: Logger
    /// Booting machines load the processors, so only two boot at once.
    let bootGate = Gate(2)

    /// - Parameter people: nil: an operator adds them.
    init(
        store: any Store, people: PeopleDirectory? = nil, supply: any BuilderSupply, settings: Settings,
        timekeeper: Timekeeper, logger: Logger
    ) {
        self.store = store
        self.people = people ?? PeopleDirectory(store: store, timekeeper, logger: logger)
        self.supply = supply
        self.settings = settings
        self.timekeeper = timekeeper
        self.logger = logger
    }

    /// Seconds between attempts to write to a full disk.
    private static let retryInterval = 1.0

    var nextAttempt: Date { timekeeper.now().addingTimeInterval(Self.retryInterval) }
}
