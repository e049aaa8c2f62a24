import BuildAPI

/// Who this is, as the build service says: somebody known and not suspended. Only `identify` can make one.
struct KnownPerson {
    let person: Person
    let fingerprint: String
    let isAdministrator: Bool
    /// The version of the terms of use that they have to accept before they enter a builder; nil: nothing to accept.
    let unacceptedTerms: String?

    fileprivate init(_ key: Key) {
        person = key.owner
        fingerprint = key.fingerprint
        isAdministrator = key.administrator
        unacceptedTerms = key.unacceptedTerms
    }
}

/// Decides whether the owner of a key may do anything at all.
///
/// - Parameter key: what the service knows about the key with this fingerprint.
func identify(_ key: Key?, fingerprint: String) throws(Refusal) -> KnownPerson {
    guard let key else {
        throw Refusal(
            .notPermitted,
            "Your key \(fingerprint) is not known here. Add it to your account at the build service, "
                + "or offer another one with ssh -i.",
            cause: "unknown key \(fingerprint)")
    }
    guard key.fingerprint == fingerprint else {
        throw Refusal(
            .misconfigured,
            "The build service gave an answer that makes no sense. Please tell the administrator.",
            cause: "asked for \(fingerprint), the service answered about \(key.fingerprint)")
    }
    guard !key.suspended else {
        throw Refusal(
            .notPermitted, "Your account at the build service is suspended.",
            cause: "suspended person \(key.owner.id)")
    }
    return KnownPerson(key)
}
