import BuildAPI
import ConfigurationFile
import FoundationEssentials
import Logging
import Presentation
import PrometheusMetrics
import Provider

/// Finds jobs by their ids, and decides which of them may have a builder. It does nothing for a job itself: its
/// ``LiveJob`` does.
///
/// Everybody waits for this actor, so it only looks things up, and awaits everything else.
actor JobDirectory {
    struct Entry {
        let job: LiveJob
        /// The name of the pool that its builder comes from.
        let pool: String
        /// As the job last reported it.
        var shown: ShownJob
        /// Whether the database has all there is to know about it.
        var isStored = true
        /// Whether it has a slot: from its start until its machine is gone.
        var hasSlot = false
        /// How many requests are being answered by it.
        var uses = 0
        /// Whether its tasks have just ended, and its builder will be kept.
        var isAboutToBeKept = false
        /// Whether its builder ends for a newer one.
        var isDisplaced = false
        /// Whether it has ended, and nobody has noted yet what it takes.
        var isUnmeasured = false
        /// Why it waits, as its log says.
        var waitsFor: WaitReason?
        /// What its pool's allocator has answered last; nil: it has not refused, or has been asked again.
        var refusal: Refusal?

        /// A pool has nothing for the job now.
        struct Refusal {
            /// The allocator's words.
            var sentence: String
            /// When it is asked again.
            var again: Date
        }
    }

    nonisolated let context: JobContext
    /// Jobs that may still change, and those that requests are changing.
    var entries: [JobID: Entry] = [:]
    /// People whose names are no longer to be kept, as they are called now: a record that is just being read can still have them.
    var forgotten: [Person] = []
    /// The jobs that wait, by the name of their pool: a full pool keeps no job of another one from starting.
    var waiting: [String: Waiting] = [:]
    /// The pools of the machines that an earlier runner has left, and that are being released.
    var leftovers: [AllocationID: String] = [:]
    var submissionRate: RateLimit
    /// How many jobs are being stored, by the id of their owner.
    var submissions: [String: Int] = [:]
    /// How many claims are being made, by the id of the person.
    var claims: [String: Int] = [:]
    /// The bytes of sources whose jobs are being stored, by the id of their owner.
    var storedBytes: [String: Int] = [:]
    /// How many sources are on their way, by the id of the person who sends them.
    var arrivals: [String: Int] = [:]
    /// The jobs of attached machines, by the ids of their attachments.
    var attachedJobs: [String: JobID] = [:]
    /// The machines that are being attached.
    var arriving: [AttachmentLimits.Machine] = []
    /// The machines that are nobody's yet.
    var pairings: PairingDesk
    var isStopping = false
    /// It is not known yet which slots are taken.
    var isTakingOver = false

    nonisolated var store: any Store { context.store }
    nonisolated var settings: Settings { context.settings }
    nonisolated var timekeeper: Timekeeper { context.timekeeper }
    nonisolated var logger: Logger { context.logger }

    init(_ context: JobContext) {
        self.context = context
        submissionRate = RateLimit(context.settings.limits.submissionsPerMinute, in: 60)
        pairings = PairingDesk(context.settings.limits, lease: context.settings.times.lease)
    }

    // MARK: Finding jobs

    func job(_ id: JobID) async throws(RunnerError) -> Job {
        try await shown(id).job
    }

    /// The same jobs as they are now. One of them can have ended since they were read.
    ///
    /// - Parameter live: leave out those that have.
    func current(_ stored: [Job], live: Bool) async throws(RunnerError) -> [Job] {
        var jobs: [Job] = []
        for job in stored {
            if let entry = entries[job.id] {
                jobs.append(entry.shown.job)
            } else if !live {
                let isOver = job.status.isFinal && job.builder == nil
                jobs.append(isOver ? job : try await self.job(job.id))
            }
        }
        return jobs
    }

    /// The logs of a job; those of a final job are closed.
    func logs(_ id: JobID) async throws(RunnerError) -> JobLogs {
        if let entry = entries[id] { return entry.job.logs }
        return JobLogs(
            folder: settings.logs(of: id), tasks: try await job(id).tasks.map(\.name),
            limit: settings.limits.log, isEnded: true)
    }

    /// See ``LiveJob/changes(after:for:)``.
    func changes(
        of id: JobID, after last: Int?, for person: Person? = nil
    ) async throws(RunnerError) -> EventFeed.Stream {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        return try await with(id) { await $0.changes(after: last, for: person) }
    }

    /// What is shown of a job.
    func shown(_ id: JobID) async throws(RunnerError) -> ShownJob {
        if let entry = entries[id] { return entry.shown }
        guard let job = try await store.shownJob(id) else { throw Self.unknown }
        return entries[id]?.shown ?? job
    }

    /// Does something with the one owner of a job, which is not forgotten meanwhile.
    func with<Value: Sendable>(
        _ id: JobID, _ body: (LiveJob) async throws(RunnerError) -> Value
    ) async throws(RunnerError) -> Value {
        if entries[id] == nil {
            guard let record = try await store.job(id) else { throw Self.unknown }
            if entries[id] == nil { add(record) }
        }
        guard let job = entries[id]?.job else { throw Self.unknown }
        entries[id]?.uses += 1
        defer {
            entries[id]?.uses -= 1
            forgetIfOver(id)
        }
        return try await body(job)
    }

    private static var unknown: RunnerError { RunnerError(.notFound, "There is no such job.") }

    func add(_ record: JobRecord) {
        var record = record
        for person in forgotten { _ = record.rename(person) }
        entries[record.job.id] = Entry(
            job: LiveJob(record, in: self, context), pool: record.build.pool,
            shown: ShownJob(job: record.job, eventNumber: record.eventNumber))
    }

    /// Whether only the database has it.
    func isForgotten(_ id: JobID) -> Bool { entries[id] == nil }

    /// From then on only the database has it.
    func forgetIfOver(_ id: JobID) {
        guard let entry = entries[id], entry.shown.isOver, entry.isStored, !entry.hasSlot, entry.uses == 0
        else { return }
        entries[id] = nil
        guard entry.isUnmeasured else { return }
        _Concurrency.Task { await Retention(of: self).measure(id, entry.job.logs) }
    }

    // MARK: What jobs report

    func jobChanged(_ id: JobID, _ report: LiveJob.Report) {
        guard let before = entries[id]?.shown.job else {
            return logger.critical("job \(id) has changed, and nobody knows it")
        }
        context.metrics.jobChanged(
            from: before, to: report.shown.job, in: entries[id]?.pool ?? "",
            wasAllocated: report.wasAllocated)
        entries[id]?.shown = report.shown
        entries[id]?.isStored = report.isStored
        if report.shown.isOver, let pool = entries[id]?.pool { waiting[pool]?.remove(id) }
        if report.shown.isOver, before.attached != nil { forgetAttachment(of: id) }
        if report.shown.isOver, !before.isOver { entries[id]?.isUnmeasured = true }
        if report.shown.job.status.isFinal { entries[id]?.isAboutToBeKept = false }
        if report.shown.job.status != .queued { entries[id]?.refusal = nil }
        forgetIfOver(id)
        // It counts no longer as running, so that its owner's next job can start.
        let state = report.shown.job.builder?.state
        if state == .kept, before.builder?.state != state { fillSlots() }
    }

    func slotFreed(by id: JobID) {
        entries[id]?.hasSlot = false
        forgetIfOver(id)
        fillSlots()
    }

    /// Its pool has nothing for it now: others can start until it stands in line again.
    func slotRefused(to id: JobID, _ refusal: Entry.Refusal) {
        entries[id]?.hasSlot = false
        entries[id]?.refusal = refusal
        fillSlots()
    }

    /// Behind the jobs of those who have had nothing yet.
    func standsInLineAgain(_ id: JobID) {
        guard let entry = entries[id], !entry.shown.job.status.isFinal else { return }
        waiting[entry.pool, default: Waiting()].add(id, of: entry.shown.job.owner.id)
        fillSlots()
    }

    @discardableResult
    func giveSlot(to id: JobID) -> LiveJob? {
        entries[id]?.hasSlot = true
        entries[id]?.waitsFor = nil
        return entries[id]?.job
    }

    func waits(_ id: JobID, for reason: WaitReason) {
        guard let entry = entries[id], entry.waitsFor != reason else { return }
        entries[id]?.waitsFor = reason
        let pools = context.pools
        let slots = pools[entry.pool]?.max ?? 0
        let owner = entry.shown.job.owner
        entry.job.log(reason.sentence(slots: slots, in: pools.areMany ? entry.pool : nil, owner: owner))
        _Concurrency.Task { await entry.job.waits(for: reason.shown(slots: slots, owner: owner)) }
    }

    /// The ids of the people who are inside.
    var peopleInside: Set<String> {
        Set(entries.values.flatMap { $0.shown.job.sessions.map(\.person.id) })
    }

    // MARK: New jobs

    /// - Parameters:
    ///   - source: what its builder unpacks; it becomes the job's.
    ///   - rerun: the finished job that it is made of; nil: of none.
    func submit(
        _ manifest: Manifest, source: consuming IncomingSource? = nil, as submission: Submission,
        rerun: Job.Rerun? = nil
    ) async throws(RunnerError) -> Job {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        let owner = submission.owner
        try checkQueue(of: owner)
        var new = NewJob(submission: submission, manifest: manifest)
        new.source = source?.size
        new.rerun = rerun
        let archive = source?.archive
        let record = try await store(new, archive)
        let id = record.job.id
        add(record)
        context.metrics.submittedJobs.count(record.build.pool)
        waiting[record.build.pool, default: Waiting()].add(id, of: owner.id)
        await entries[id]?.job.submitted()
        fillSlots()
        let removed = await Retention(of: self).makeRoomForFinished(of: owner)
        var job = entries[id]?.shown.job ?? record.job
        job.removed = removed.isEmpty ? nil : removed
        return job
    }

    /// Counts it, as long as this takes, among the owner's waiting jobs.
    private func store(_ new: NewJob, _ archive: SourceArchive?) async throws(RunnerError) -> JobRecord {
        let (owner, bytes) = (new.submission.owner, new.source ?? 0)
        submissions[owner.id, default: 0] += 1
        storedBytes[owner.id, default: 0] += bytes
        defer {
            Self.subtract(1, from: &submissions, owner.id)
            Self.subtract(bytes, from: &storedBytes, owner.id)
        }
        // Since they began to send it, hours may have passed.
        if let account = try await store.account(new.submission.submitter.id) {
            try new.submission.check(account)
        }
        var new = new
        if new.source != nil { new.forgottenSources = try await sourcesToForget(for: bytes, of: owner) }
        let move = archive.map { SourceMove(of: $0) }
        let record: JobRecord
        do throws(RunnerError) {
            record = try await store.addJob(new, at: timekeeper.now()) { [settings] id in
                try move?.move(to: settings.source(of: id))
            }
        } catch {
            move?.takeBack()
            throw error
        }
        for id in new.forgottenSources { removeSource(of: id) }
        return record
    }

    static func subtract(_ count: Int, from counts: inout [String: Int], _ key: String) {
        let rest = counts[key, default: 0] - count
        counts[key] = rest > 0 ? rest : nil
    }

    // MARK: All jobs

    /// Tells everyone who watches a job that the service is alive.
    func beat() async {
        for entry in entries.values { await entry.job.beat() }
    }

    /// Tells those who watch jobs for a person that something about the person or their keys has changed.
    func personChanged(_ person: Person) async {
        for entry in entries.values { await entry.job.personChanged(person) }
    }
}
