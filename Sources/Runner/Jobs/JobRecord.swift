import BuildAPI
import FoundationEssentials

/// All that the runner remembers of a job; it is stored whole, so that the next runner can go on from it.
struct JobRecord: Codable, Equatable, Sendable {
    /// As the API shows it.
    var job: Job
    var manifest: Manifest
    var claims: [StandingClaim] = []
    /// When the builder was started; max_life and the manifest's timeout count from here.
    var builderStarted: Date?
    /// Nil: nobody has entered, held or extended the kept builder yet.
    var lifetime: Lifetime?
    /// Whether the scripts are in the builder.
    var isPrepared = false
    /// The last shell has logged out, and others are still inside: the last of them takes the builder along.
    var endsWhenUnclaimed = false
    /// The number of the last event.
    var eventNumber = 0

    /// Nothing will ever happen to it again.
    var isOver: Bool { job.status.isFinal && job.builder == nil }

    /// All that something will be due by; what has been stays when it was.
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
