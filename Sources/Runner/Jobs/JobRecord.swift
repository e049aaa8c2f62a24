import BuildAPI
import FoundationEssentials

/// Everything that the runner remembers about a job. It is stored in one piece, so that the next runner can continue; only
/// its manifest, which can be large and never changes, is stored apart.
struct JobRecord: Codable, Equatable, Sendable {
    /// The job as the API shows it.
    var job: Job
    /// Not part of the encoded record: ``Store`` adds it.
    var manifest = Manifest(image: "")
    /// Bytes of the source that was sent with it; nil: there was none.
    var source: Int?
    var claims: [StandingClaim] = []
    /// When the builder was started; the manifest's timeout counts from then.
    var builderStarted: Date?
    /// Nil: nobody has entered, held or extended the kept builder yet.
    var lifetime: Lifetime?
    /// Whether the scripts are in the builder.
    var isPrepared = false
    /// The last shell has logged out while others were still inside: the builder ends when the last of them leaves.
    var endsWhenUnclaimed = false
    /// The number of the last event.
    var eventNumber = 0

    private enum CodingKeys: String, CodingKey {
        case job, source, claims, builderStarted, lifetime, isPrepared, endsWhenUnclaimed, eventNumber
    }

    /// Whether nothing will ever happen to it again.
    var isOver: Bool { job.status.isFinal && job.builder == nil }

    /// Every time at which something is due; past times stay unchanged.
    mutating func moveDeadlines(by seconds: TimeInterval) {
        builderStarted = builderStarted?.addingTimeInterval(seconds)
        job.deadline = job.deadline?.addingTimeInterval(seconds)
        job.maxDeadline = job.maxDeadline?.addingTimeInterval(seconds)
        if let until = job.builder?.keptUntil {
            job.builder?.keptUntil = until.addingTimeInterval(seconds)
        }
        if let end = lifetime?.end { lifetime?.end = end.addingTimeInterval(seconds) }
        for index in claims.indices { claims[index].expires += seconds }
    }
}

/// What the API shows of a stored record.
struct ShownJob: Decodable, Sendable {
    var job: Job
    /// The number of the last event.
    var eventNumber: Int
}
