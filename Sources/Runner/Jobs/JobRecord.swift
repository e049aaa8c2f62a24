import BuildAPI
import ConfigurationFile
import FoundationEssentials

/// Everything that the runner remembers about a job while it may change. ``StoredJob`` is what the next runner finds.
struct JobRecord: Equatable, Sendable {
    /// What a manifest says about the job as a whole. The rest, which can be large, is read when the job starts.
    struct Build: Equatable, Sendable {
        /// The name of a folder among the images.
        var image: String
        /// After which ends the builder is kept.
        var keep = KeepRule.failure
        /// Seconds from the builder's start to the end of the last task.
        var timeout = Manifest.defaultTimeout
        /// The name of the pool that the builder comes from.
        var pool = Configuration.Runner.localPool
        /// What the builder must be; nil: anything that the pool has.
        var arch: Architecture?

        /// Of a machine that has attached itself: it has no image, and comes from no pool.
        static let attached = Build(image: "", timeout: 31_536_000, pool: "")

        /// What the API says about a pool: nothing about this host's own, or about none.
        static func shownPool(_ name: String) -> String? {
            name == Configuration.Runner.localPool || name.isEmpty ? nil : name
        }
    }

    /// The job as the API shows it.
    var job: Job
    var build: Build
    /// Bytes of the source that was sent with it; nil: there was none.
    var source: Int?
    var claims: [StandingClaim] = []
    /// Who has let each of `job.shares` in, by its id.
    var sharers: [String: Person] = [:]
    /// Of the builder that there is.
    var endedSessions: [EndedSession] = []
    /// Of a machine that has dialled a gateway, by itself or because a provider has made it do so; nil: any other builder.
    var attachment: MachineAttachment?
    /// When the builder was started; the manifest's timeout counts from then.
    var builderStarted: Date?
    /// When the builder's provider takes it back, or the CI of an attached machine ends it; nil: nobody does, or there is
    /// no builder.
    var until: Date?
    /// Since when the builder is kept; nil: it is not, or an earlier version has kept it.
    var keptSince: Date?
    /// Whether anyone has ever been inside the builder.
    var isEntered = false
    /// Nil: nobody has entered, held or extended the kept builder yet.
    var lifetime: Lifetime?
    /// Whether the scripts are in the builder.
    var isPrepared = false
    /// The last shell has logged out while others were still inside: the builder ends when the last of them leaves.
    var endsWhenUnclaimed = false
    /// While its artifacts are taken: until when that can last, whatever the timeout of the tasks is.
    var artifactsUntil: Date?
    /// The number of the last event.
    var eventNumber = 0

    /// Whether nothing will ever happen to it again.
    var isOver: Bool { job.isOver }

    /// Whether its machine was there before it, and has a command of its own. Otherwise the runner runs tasks.
    var hasAttachedItself: Bool { attachment != nil && build.pool.isEmpty }

    /// Every time at which something is due; past times stay unchanged.
    mutating func moveDeadlines(by seconds: TimeInterval) {
        builderStarted = builderStarted?.addingTimeInterval(seconds)
        keptSince = keptSince?.addingTimeInterval(seconds)
        until = until?.addingTimeInterval(seconds)
        artifactsUntil = artifactsUntil?.addingTimeInterval(seconds)
        if let until = job.attached?.until { job.attached?.until = until.addingTimeInterval(seconds) }
        if let since = attachment?.awaySince { attachment?.awaySince = since.addingTimeInterval(seconds) }
        job.deadline = job.deadline?.addingTimeInterval(seconds)
        job.maxDeadline = job.maxDeadline?.addingTimeInterval(seconds)
        if let until = job.builder?.keptUntil {
            job.builder?.keptUntil = until.addingTimeInterval(seconds)
        }
        if let end = lifetime?.end { lifetime?.end = end.addingTimeInterval(seconds) }
    }
}

extension Manifest {
    /// What it says about the job as a whole.
    var build: JobRecord.Build {
        JobRecord.Build(
            image: image, keep: keepRule, timeout: timeout, pool: pool ?? Configuration.Runner.localPool,
            arch: arch)
    }
}

extension Job {
    /// For the records: who has submitted it, and for whom.
    var spokenSubmission: String {
        submitter.map { "submitted by \($0.name) for \(owner.name)" } ?? "submitted by \(owner.name)"
    }

    /// Whether nothing will ever happen to it again.
    var isOver: Bool { status.isFinal && builder == nil }
}

/// What the API shows of a job.
struct ShownJob: Equatable, Sendable {
    var job: Job
    /// The number of the last event.
    var eventNumber: Int

    /// Whether nothing will ever happen to it again.
    var isOver: Bool { job.isOver }
}
