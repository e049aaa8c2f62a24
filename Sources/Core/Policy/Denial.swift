public import BuildAPI

/// Why a person is not allowed to do something. The messages for people are elsewhere.
public enum Denial: Error, Equatable, Sendable {
    /// The key belongs to nobody.
    case unknownKey(fingerprint: String)
    /// The key is pending: all that its holder can do is to confirm it.
    case unconfirmedKey(fingerprint: String)
    /// All that the key is good for is attaching a machine.
    case attachingOnly(fingerprint: String)
    /// All that the key is good for is bringing a machine that is nobody's until somebody adopts it.
    case pairingOnly(fingerprint: String)
    case suspended(Person)
    /// There is no such job.
    case noSuchJob(JobID)
    /// The service has answered a different question from the one that was asked.
    case inconsistent(String)
    /// The person has to accept the terms of use first; their version.
    case termsNotAccepted(version: String)
    /// Only the owner, or a member of the owning group, can do this, whether they let this person in or not.
    case ownersOnly(Job)
    /// The job is someone else's, who could let them in.
    case othersJob(Job)
    /// The job is someone else's, and private.
    case concealed(Job)
}
