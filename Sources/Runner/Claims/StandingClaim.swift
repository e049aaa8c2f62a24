import BuildAPI
import FoundationEssentials

/// A claim that has not been released and whose lease has not run out.
struct StandingClaim: Codable, Equatable, Sendable {
    /// `{job}-{random}`, so that the claim's name leads to its job.
    var id: String
    /// The gateway's name for the session; it makes claiming idempotent.
    var session: String
    var person: Person
    /// The key that the person came with; checked again at every heartbeat.
    var fingerprint: String
    /// What the builder lets in as long as the claim stands, `<type> <base64>`; nil: nothing.
    var key: String?
    var kind: Claim.Kind
    var from: String
    var since: Date
    /// When the lease runs out.
    var expires: Date
}
