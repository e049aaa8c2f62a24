import AllocatorPrograms
package import FoundationEssentials

/// Which allocation has which ticket, as it is stored.
package struct ResallocState: StoredState {
    /// What resalloc has given, and how it is entered.
    package struct Machine: Codable, Equatable, Sendable {
        /// How resalloc calls it: an address or a name.
        package var host: String
        /// Its name at resalloc, or ``host``: for messages.
        package var name: String
        /// An IP literal.
        package var address: String
        package var port: Int
        package var user: String
        /// `<type> <base64>` each; empty: nobody vouches for any.
        package var hostKeys: [String] = []
        package var until: Date
    }

    package struct Record: Codable, Equatable, Sendable {
        package var pool: String
        package var job: String
        /// The sandbox of the ticket that was asked for last; nil: none is open.
        package var sandbox: String?
        /// Its number, as soon as resalloc has told it.
        package var ticket: Int?
        /// What the job was given.
        package var machine: Machine?
        /// How many machines could not be used.
        package var failures = 0
    }

    /// By the allocation's id.
    package var records: [String: Record] = [:]

    package init() {}
}
