import BuildAPI
import FoundationEssentials
import Logging

/// What every job needs of the runner that it belongs to.
struct JobContext: Sendable {
    let store: any Store
    let supply: any BuilderSupply
    let settings: Settings
    let timekeeper: Timekeeper
    let logger: Logger
    /// Booting machines load the processors, so only two boot at once.
    let bootGate = Gate(2)

    /// Seconds between attempts to write to a full disk.
    private static let retryInterval = 1.0

    var nextAttempt: Date { timekeeper.now().addingTimeInterval(Self.retryInterval) }
}
