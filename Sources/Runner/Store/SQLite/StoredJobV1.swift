import BuildAPI
import FoundationEssentials

/// A job as version 1.0 stored it: the job on the wire, and some members around it. Its manifest is needed for what
/// ``StoredJob`` has of it.
struct StoredJobV1: Decodable {
    struct StoredClaim: Decodable {
        var id: String
        var session: String
        var person: Person
        var fingerprint: String
        var key: String?
        var kind: Claim.Kind
        var from: String
        var since: Date
    }

    struct StoredLifetime: Decodable {
        var end: Date
        var isEntered: Bool
        var isExtended: Bool
    }

    var job: Job
    var source: Int?
    var claims: [StoredClaim]
    var builderStarted: Date?
    var lifetime: StoredLifetime?
    var isPrepared: Bool
    var endsWhenUnclaimed: Bool
    var eventNumber: Int

    func record(_ manifest: Manifest) -> JobRecord {
        JobRecord(
            job: job, build: manifest.build, source: source,
            claims: claims.map {
                StandingClaim(
                    id: $0.id, session: $0.session, person: $0.person, fingerprint: $0.fingerprint,
                    key: $0.key, kind: $0.kind, isOwners: job.owner.isSame(as: $0.person), from: $0.from,
                    since: $0.since, expires: .distantPast)
            }, builderStarted: builderStarted,
            lifetime: lifetime.map {
                Lifetime(end: $0.end, isEntered: $0.isEntered, isExtended: $0.isExtended)
            }, isPrepared: isPrepared, endsWhenUnclaimed: endsWhenUnclaimed, eventNumber: eventNumber)
    }
}
