package import FoundationEssentials

/// Who has which machine, as it is stored.
package struct HostsState: Codable, Equatable, Sendable {
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
    }

    package struct Record: Codable, Equatable, Sendable {
        package var allocation: Allocation?
        /// Whose job it ran last, by their id; nil: it is new.
        package var lastOwner: String?
        /// Why nobody gets it.
        package var outOfService: String?
        /// It is not tried before that: it did not let us in.
        package var retryAt: Date?

        package init() {}
    }

    /// By the machine's name.
    package var records: [String: Record] = [:]

    package init() {}

    package subscript(host: SSHHost) -> Record {
        get { records[host.name] ?? Record() }
        set { records[host.name] = newValue }
    }

    /// The name of the machine that someone has under this id.
    package func holder(of allocation: String) -> String? {
        records.first { $0.value.allocation?.id == allocation }?.key
    }
}
