/// Where people are kept, outside: it says who someone is, and which keys are theirs.
protocol PeopleSource: Sendable {
    /// Nil: nobody has this name.
    func person(named name: String) async throws(SourceFailure) -> SourcedPerson?
    /// Whose key it is, as far as the source can tell.
    func holder(of fingerprint: String) async throws(SourceFailure) -> KeyHolder
}

/// What a source says of a key.
enum KeyHolder: Sendable {
    case person(SourcedPerson)
    case nobody
    /// If anyone's, it is one of these people's: the source can be asked for names only.
    case someone(named: [String])
}

/// Why a source has given no answer that counts.
struct SourceFailure: Error, Equatable {
    /// For administrators. It can quote the source: hostile text.
    let cause: String

    init(_ cause: String) {
        self.cause = String(cause.prefix(400))
    }

    /// It has not been asked.
    static let nobodyWaits = SourceFailure("nobody waits for the answer any more")
}
