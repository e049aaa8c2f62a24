import BuildAPI
import FoundationEssentials

/// A claim that has not been released and whose lease has not run out.
struct StandingClaim: Equatable, Sendable {
    /// `{job}-{random}`, so that the id tells which job the claim belongs to.
    var id: String
    /// The gateway's name for the session; it makes claiming idempotent.
    var session: String
    var person: Person
    /// The key that the person logged in with; checked again at every heartbeat.
    var fingerprint: String
    /// The key that the builder accepts as long as the claim lives, `<type> <base64>`; nil: none.
    var key: String?
    var kind: Claim.Kind
    /// Whether the job is the person's, or a group's in which they are.
    var isOwners: Bool
    var from: String
    var since: Date
    /// When the lease runs out. It is not stored: after a restart, every lease begins anew.
    var expires: Date

    /// What the API shows of it.
    var shown: Job.Session {
        Job.Session(session: session, person: person, kind: kind, from: from, since: since)
    }
}
