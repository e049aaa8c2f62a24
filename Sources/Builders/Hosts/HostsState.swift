import AllocatorPrograms
package import FoundationEssentials

/// Who has which machine, as it is stored.
package struct HostsState: StoredState {
    /// Of one job.
    package struct Allocation: Codable, Equatable, Sendable {
        package var id: String
        package var pool: String
        package var job: String
        package var owner: String
        package var ownerName: String
        package var until: Date
        /// Whether anybody was inside, as far as `release` has said so.
        package var entered = false
        /// Whether the job could get there; nil: an earlier version has not said so.
        package var isAdmitted: Bool?
        /// How often its release was begun, and when first.
        package var releases: Int?
        package var firstRelease: Date?
    }

    /// A `reset` that was begun, and whose end nobody has taken note of.
    package struct Reset: Codable, Equatable, Sendable {
        package var id: String
        package var since: Date
    }

    package struct Record: Codable, Equatable, Sendable {
        package var allocation: Allocation?
        package var reset: Reset?
        /// Whose job it ran last, by their id; nil: it is new.
        package var lastOwner: String?
        /// Why nobody gets it.
        package var outOfService: String?
        /// It is not tried before that: it did not let us in.
        package var retryAt: Date?

        package init() {}

        /// Whether someone has to do something before it can be forgotten.
        var isOpen: Bool { outOfService != nil || allocation != nil }
    }

    /// By the machine's name.
    package var records: [String: Record] = [:]

    package init() {}

    package subscript(host: SSHHost) -> Record {
        get { records[host.name] ?? Record() }
        set { records[host.name] = newValue }
    }

    /// Takes a machine from a job when its table is no longer in the file. It stays out of service when that comes back.
    mutating func retire(_ name: String) {
        guard let allocation = records[name]?.allocation else { return }
        records[name]?.allocation = nil
        if allocation.isAdmitted != false { records[name]?.lastOwner = allocation.owner }
        records[name]?.outOfService =
            "was taken out of the file before it could be cleaned after job \(allocation.job) of "
            + "\(allocation.ownerName); keys may still be there"
    }

    /// The name of the machine that someone has under this id.
    package func holder(of allocation: String) -> String? {
        records.first { $0.value.allocation?.id == allocation }?.key
    }
}
