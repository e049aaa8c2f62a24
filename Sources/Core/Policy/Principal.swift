public import BuildAPI

/// A person with the right to act: known to the build service, and not suspended. Only `identify` makes one.
public struct Principal: Equatable, Sendable {
    public let person: Person
    /// Whether they are an administrator.
    public let isAdministrator: Bool
    /// In which they are.
    public let groups: [Group]
    /// The version of the terms of use that they have to accept before they enter a builder; nil: nothing to accept.
    public let unacceptedTerms: String?

    private init(_ person: Person, isAdministrator: Bool, groups: [Group]?, unacceptedTerms: String?) {
        self.person = person
        self.isAdministrator = isAdministrator
        self.groups = groups ?? []
        self.unacceptedTerms = unacceptedTerms
    }

    /// The owner of a key.
    ///
    /// - Parameters:
    ///   - key: what the service knows about the key with this fingerprint. Whether it has expired, and where it is good
    ///     from, the service checks when a machine is attached.
    ///   - use: what they have come for.
    public static func identify(
        _ key: Key?, fingerprint: String, for use: KeyUse = .everything
    ) throws(Denial) -> Principal {
        guard let key else { throw .unknownKey(fingerprint: fingerprint) }
        guard key.fingerprint == fingerprint else {
            throw .inconsistent("asked for \(fingerprint), the service answered about \(key.fingerprint)")
        }
        switch Set(key.limits ?? []) {
        case []: break
        case [.attach]:
            guard use == .attaching else { throw .attachingOnly(fingerprint: fingerprint) }
        // Everybody can have it: it stands for nobody.
        case [.pair]: throw .pairingOnly(fingerprint: fingerprint)
        // The person whom a pending key names has not proved anything yet.
        case [.confirm], [.confirm, .attach]: throw .unconfirmedKey(fingerprint: fingerprint)
        default: throw .unknownKey(fingerprint: fingerprint)
        }
        guard !key.suspended else { throw .suspended(key.owner) }
        return Principal(
            key.owner, isAdministrator: key.administrator, groups: key.groups,
            unacceptedTerms: key.unacceptedTerms)
    }

    /// A person for whom a gateway asks. People who enter a builder are identified by a key, and what they have
    /// accepted is known then.
    public static func identify(_ account: Account) throws(Denial) -> Principal {
        guard !account.suspended else { throw .suspended(account.person) }
        // Those for whom a robot attaches machines are the group of its name, and it can look at what it has attached.
        let own = account.robot == true ? [Group(name: account.name)] : []
        return Principal(
            account.person, isAdministrator: account.administrator, groups: (account.groups ?? []) + own,
            unacceptedTerms: nil)
    }
}
