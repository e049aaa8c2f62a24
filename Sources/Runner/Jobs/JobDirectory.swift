import BuildAPI
import ConfigurationFile
import FoundationEssentials
import Logging
import Policy
import Presentation

/// Finds jobs by their ids, and decides which of them may have a builder. It does nothing for a job itself: its
/// ``LiveJob`` does.
///
/// Everybody waits for this actor, so it only looks things up, and awaits everything else.
actor JobDirectory {
    struct Entry {
        let job: LiveJob
        /// As the job last reported it.
        var shown: ShownJob
        /// Whether the database has all there is to know about it.
        var isStored = true
        /// Whether it has a slot: from its start until its machine is gone.
        var hasSlot = false
        /// How many requests are being answered by it.
        var uses = 0
        /// Why it is in the queue, as its log says.
        var waitsFor: WaitReason?
    }

    nonisolated let context: JobContext
    /// Jobs that may still change, and those that requests are changing.
    private(set) var entries: [JobID: Entry] = [:]
    /// In the order of submission.
    var queue: [JobID] = []
    /// How many jobs are being stored, by the id of their owner.
    private var submissions: [String: Int] = [:]
    /// How many claims are being made, by the id of the person.
    private var claims: [String: Int] = [:]
    /// How many sources are on their way, by the id of their owner.
    var arrivals: [String: Int] = [:]
    private(set) var isStopping = false
    /// It is not known yet which slots are taken.
    private var isTakingOver = false

    nonisolated var store: any Store { context.store }
    nonisolated var settings: Settings { context.settings }
    nonisolated var timekeeper: Timekeeper { context.timekeeper }
    nonisolated var logger: Logger { context.logger }

    init(_ context: JobContext) {
        self.context = context
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
    private func shown(_ id: JobID) async throws(RunnerError) -> ShownJob {
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

    private func add(_ record: JobRecord) {
        entries[record.job.id] = Entry(
            job: LiveJob(record, in: self, context),
            shown: ShownJob(job: record.job, eventNumber: record.eventNumber))
    }

    /// Whether only the database has it.
    func isForgotten(_ id: JobID) -> Bool { entries[id] == nil }

    /// From then on only the database has it.
    private func forgetIfOver(_ id: JobID) {
        guard let entry = entries[id], entry.shown.isOver, entry.isStored, !entry.hasSlot, entry.uses == 0
        else { return }
        entries[id] = nil
    }

    // MARK: What jobs report

    func jobChanged(_ id: JobID, _ report: LiveJob.Report) {
        guard let before = entries[id]?.shown.job else {
            return logger.critical("job \(id) has changed, and nobody knows it")
        }
        entries[id]?.shown = report.shown
        entries[id]?.isStored = report.isStored
        if report.shown.isOver { queue.removeAll { $0 == id } }
        forgetIfOver(id)
        // A kept builder can make its owner's next job wait.
        let state = report.shown.job.builder?.state
        if state == .kept, before.builder?.state != state { fillSlots() }
    }

    func slotFreed(by id: JobID) {
        entries[id]?.hasSlot = false
        forgetIfOver(id)
        fillSlots()
    }

    func giveSlot(to id: JobID) {
        entries[id]?.hasSlot = true
        entries[id]?.waitsFor = nil
    }

    func waits(_ id: JobID, for reason: WaitReason) {
        guard let entry = entries[id], entry.waitsFor != reason else { return }
        entries[id]?.waitsFor = reason
        entry.job.log(reason.sentence(slots: settings.slots))
    }

    /// The ids of the people who are inside.
    var peopleInside: Set<String> {
        Set(entries.values.flatMap { $0.shown.job.sessions.map(\.person.id) })
    }

    // MARK: New jobs

    /// - Parameter source: what its builder unpacks; it becomes the job's.
    func submit(
        _ manifest: Manifest, source: consuming IncomingSource? = nil, owner: Person, note: String?,
        visibility: Job.Visibility = .unlisted
    ) async throws(RunnerError) -> Job {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        try checkQueue(of: owner)
        submissions[owner.id, default: 0] += 1
        defer { Self.decrement(&submissions, owner.id) }
        // Since they began to send it, hours may have passed.
        if let account = try await store.account(owner.id) { try Requester.refuseSuspended(account) }
        let bytes = source?.size
        if let bytes { try await makeRoom(for: bytes, of: owner) }
        let archive = source?.archive
        let record = try await store.addJob(
            NewJob(owner: owner, note: note, visibility: visibility, manifest: manifest, source: bytes),
            at: timekeeper.now()
        ) { [settings] id in try archive?.move(to: settings.source(of: id)) }
        let id = record.job.id
        add(record)
        // Jobs that were stored at the same time can arrive here in another order.
        queue = (queue + [id]).inOrder
        await entries[id]?.job.submitted()
        fillSlots()
        return entries[id]?.shown.job ?? record.job
    }

    /// Throws if the owner has reached the limit of waiting jobs.
    func checkQueue(of owner: Person) throws(RunnerError) {
        let waiting = queue.filter { entries[$0]?.shown.job.owner.id == owner.id }.inOrder
        let count = waiting.count + submissions[owner.id, default: 0]
        guard count >= settings.limits.queuedPerOwner else { return }
        throw RunnerError(
            .tooMany(.init(what: "waiting jobs", limit: settings.limits.queuedPerOwner)),
            "\(owner.name) already has \(count.counted("waiting job")), which is the limit: cancel \(WaitReason.list(waiting, "or")), or try again later."
        )
    }

    static func decrement(_ counts: inout [String: Int], _ key: String) {
        let rest = counts[key, default: 0] - 1
        counts[key] = rest > 0 ? rest : nil
    }

    // MARK: Claims

    /// Returns when the builder accepts the person, if the claim's kind needs that.
    func claim(_ id: JobID, _ request: ClaimRequest) async throws(RunnerError) -> Claim {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        let names = [request.session, request.from, request.person.id, request.keyFingerprint]
        // They are written to records and to the log, each on one line.
        guard !request.session.isEmpty,
            names.allSatisfy({ $0.utf8.count <= 128 && $0.utf8.allSatisfy { (0x21...0x7e).contains($0) } })
        else {
            throw RunnerError(
                .malformedRequest,
                "Session, person, fingerprint and address can have at most 128 printable bytes each."
            )
        }
        _ = try await shown(id)
        let principal = try await Identification(find: context.people.key)
            .principal(request.person.id, request.keyFingerprint, key: request.key)
        return try await with(id) { job throws(RunnerError) in
            if await !job.hasClaim(ofSession: request.session) { try checkSessions(of: principal.person) }
            claims[principal.person.id, default: 0] += 1
            defer { Self.decrement(&claims, principal.person.id) }
            return try await job.claim(request, as: Self.newClaim(of: id), by: principal)
        }
    }

    func heartbeat(_ claim: String) async throws(RunnerError) -> Claim {
        let id = try await job(ofClaim: claim)
        guard let job = entries[id]?.job else { throw LiveJob.ended }
        return try await job.heartbeat(claim)
    }

    func release(_ claim: String, reason: Claim.Reason) async throws(RunnerError) {
        let id = try await job(ofClaim: claim)
        guard entries[id] != nil else { throw LiveJob.ended }
        try await with(id) { job throws(RunnerError) in try await job.release(claim, reason: reason) }
    }

    /// Throws if that person has reached the limit of sessions.
    private func checkSessions(of person: Person) throws(RunnerError) {
        let jobs = entries.values.map(\.shown.job).flatMap { job in
            job.sessions.filter { $0.person.id == person.id }.map { _ in job.id }
        }
        let count = jobs.count + claims[person.id, default: 0]
        guard count >= settings.limits.sessionsPerPerson else { return }
        let inside = Set(jobs).inOrder
        throw RunnerError(
            .tooMany(.init(what: "sessions", limit: settings.limits.sessionsPerPerson)),
            "\(person.name) already has \(count.counted("session")), which is the limit: leave one in job \(WaitReason.list(inside, "or"))."
        )
    }

    /// A claim's id begins with its job's.
    private func job(ofClaim claim: String) async throws(RunnerError) -> JobID {
        if let end = claim.lastIndex(of: "-"), let id = JobID(claim[..<end]) {
            if entries[id] != nil { return id }
            if try await store.hasJob(id) { return id }
        }
        throw RunnerError(.notFound, "There is no such claim.")
    }

    private static func newClaim(of id: JobID) -> String {
        let random = String(UInt64.random(in: 0 ... .max), radix: 16)
        return "\(id)-\(String(repeating: "0", count: 16 - random.count))\(random)"
    }

    // MARK: The runner's start and end

    /// Continues what an earlier runner has left: the queue, live builders and the tasks in them.
    func takeOver() async throws(RunnerError) {
        isTakingOver = true
        let step = try await store.moveDeadlines(to: timekeeper.boot)
        if step != 0 { logger.notice("the clock was set by \(Int(step)) s: deadlines move with it") }
        for record in try await store.liveJobs() {
            let id = record.job.id
            add(record)
            guard let job = entries[id]?.job else { continue }
            let plan = settings.plan(for: record)
            if record.job.builder == nil {
                guard !record.isOver else {
                    forgetIfOver(id)
                    continue
                }
                // A runner may have died after starting a machine and before recording it.
                await context.supply.discard(plan)
                queue.append(id)
            } else if let machine = await context.supply.adopt(plan) {
                giveSlot(to: id)
                await job.adopt(machine)
            } else {
                await job.lose()
            }
        }
        isTakingOver = false
        fillSlots()
    }

    /// Ends every builder that an earlier runner has left, and closes their jobs.
    func drain() async throws(RunnerError) {
        for record in try await store.liveJobs() where record.job.builder != nil {
            await context.supply.discard(settings.plan(for: record))
            try await with(record.job.id) { await $0.lose(.released) }
        }
    }

    /// Whether waiting jobs can start.
    var startsJobs: Bool { !isStopping && !isTakingOver }

    /// Interrupts everything that waits, without ending anything: the next runner continues.
    ///
    /// - Parameter endsBuilders: true for a runner that leaves nothing behind.
    func stop(endsBuilders: Bool) async {
        isStopping = true
        for entry in entries.values { await entry.job.stop() }
        guard endsBuilders else { return }
        await withTaskGroup { group in
            for entry in entries.values where entry.hasSlot {
                group.addTask { await entry.job.endForGood() }
            }
        }
    }

    /// Tells everyone who watches a job that the service is alive.
    func beat() async {
        for entry in entries.values { await entry.job.beat() }
    }

    /// Tells those who watch jobs for a person that something about the person or their keys has changed.
    func personChanged(_ person: Person) async {
        for entry in entries.values { await entry.job.personChanged(person) }
    }
}
