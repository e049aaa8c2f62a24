import Audit
import BuildAPI
import ConfigurationFile
import FoundationEssentials
import Logging
import Policy
import Provider

/// The one owner of a job that may still change: its record, machine, logs and watchers.
///
/// Only ``apply(_:)`` changes the record, by a ``Lifecycle``, and only ``carryOut(_:)`` carries out the effects of a
/// change: those of one change after those of the one before, in the order in which the lifecycle gives them. Leases
/// are in memory only; a heartbeat changes nothing else.
actor LiveJob {
    /// What the directory knows of a job.
    struct Report: Sendable {
        var shown: ShownJob
        /// Whether the database has all there is to know about it.
        var isStored: Bool
        /// Whether its pool has been asked for a builder.
        var wasAllocated: Bool
    }

    /// A change that has been decided.
    private struct Change {
        /// The job after it.
        var record: JobRecord
        var isRecordChanged: Bool
        var effects: [Effect]
    }

    nonisolated let id: JobID
    nonisolated let logs: JobLogs
    nonisolated let context: JobContext
    /// What changes is reported there.
    weak var directory: JobDirectory?
    private(set) var lifecycle: Lifecycle
    var machine: (any AllocatedBuilder)?
    /// What the machine is, or will be, allocated as.
    var allocation: Allocation?
    /// What its provider has said so far, before there was a machine.
    var attempts = AllocationAttempts()
    /// When it was last shown what the provider says.
    var lastShown = Date.distantPast
    /// Waits for the machine that is being allocated, if that dials; nil: none is.
    var arrival: Arrival?
    private var feed = EventFeed()
    /// Boots the builder and runs the tasks.
    var run: _Concurrency.Task<Void, Never>?
    /// Tells the builder its deadline.
    var telling: _Concurrency.Task<Void, Never>?
    var admission = Admission()
    var attachedLog = AttachedLog()
    /// Waits for the lifecycle's next moment.
    private var alarm: _Concurrency.Task<Void, Never>?
    private var alarmMoment: Date?
    /// Whether the database is up to date.
    private(set) var isStored = true
    /// Waits for space on the disk.
    private var catchingUp: _Concurrency.Task<Void, Never>?
    private(set) var isStopping = false
    /// Changes are carried out one after the other.
    private let turn = Gate(1)
    /// The provider is asked for more time once at a time.
    let extending = Gate(1)

    var record: JobRecord { lifecycle.record }
    var logger: Logger { context.logger }
    var timekeeper: Timekeeper { context.timekeeper }

    init(_ record: JobRecord, in directory: JobDirectory?, _ context: JobContext) {
        id = record.job.id
        self.directory = directory
        self.context = context
        lifecycle = Lifecycle(record: record, times: context.settings.times)
        logs = JobLogs(
            folder: context.settings.logs(of: id), tasks: record.job.tasks.map(\.name),
            limit: context.settings.limits.log, isEnded: record.job.status.isFinal)
    }

    // MARK: Changes

    /// Changes the job. Returns when the effects have been carried out.
    ///
    /// - Parameter change: nothing happens if it throws.
    func apply<Failure>(
        _ change: (inout Lifecycle, Date) throws(Failure) -> [Effect]
    ) async throws(Failure) {
        var next = lifecycle
        let effects = try change(&next, timekeeper.now())
        next.record.eventNumber += effects.count(where: \.isPublication)
        let isChanged = next.record != lifecycle.record
        lifecycle = next
        setAlarm()
        guard isChanged || !effects.isEmpty else { return }
        let decided = Change(record: next.record, isRecordChanged: isChanged, effects: effects)
        // Nobody else gets in between: changes stand in line in the order in which they were decided.
        await turn.pass { await carryOut(decided) }
    }

    /// Begins a lease anew, which changes nothing but when it runs out. Nil: the claim has ended.
    func renew(_ claim: String, as standing: Standing? = nil) -> Claim? {
        defer { setAlarm() }
        return lifecycle.renewed(claim, as: standing, at: timekeeper.now())
    }

    /// The same for the lease of an attached machine.
    func renewMachine() {
        defer { setAlarm() }
        _ = lifecycle.machineRenewed(at: timekeeper.now())
    }

    private func carryOut(_ change: Change) async {
        if change.isRecordChanged { await store(change.record) }
        var number = change.record.eventNumber - change.effects.count(where: \.isPublication)
        for effect in change.effects {
            switch effect {
            case .log(let sentence): log(sentence)
            case .closeLogs where change.record.hasAttachedItself && !change.record.isOver: endLogSoon()
            case .closeLogs: logs.end()
            case .audit(let sentence, let record): write(record, sentence, of: change.record)
            case .publish(let kind):
                number += 1
                feed.publish(JobChange(number: number, kind: kind, job: change.record.job))
                // What the builder says of itself stays true.
                if admission.told != nil { tellPeople() }
            case .tellPeople: tellPeople()
            case .moveDeadline: moveDeadline()
            case .endBuilder: endBuilder()
            case .makeRoom(let other): _Concurrency.Task { [directory] in await directory?.displace(other) }
            }
        }
        if change.record.isOver {
            feed.end()
            if change.record.hasAttachedItself { logs.end() }
            // It may still wait for a builder.
            run?.cancel()
            if attempts.waits { await releaseBuilder() }
        }
        await report(change.record)
    }

    private func write(_ audit: AuditRecord, _ sentence: String, of record: JobRecord) {
        logger.info("job \(id): \(sentence)")
        var audit = audit
        audit[.job] = "\(id)"
        audit[.owner] = record.job.owner.name
        audit[.pool] = record.build.pool
        audit[.allocation] = allocation?.id.description
        if audit.event == .claim { audit[.terms] = context.terms }
        if audit.event == .exit { audit.set(.end, timekeeper.now()) }
        audit[.text] = sentence
        context.audit.write(audit)
    }

    private func report(_ record: JobRecord) async {
        await directory?.jobChanged(
            id,
            Report(
                shown: ShownJob(job: record.job, eventNumber: record.eventNumber),
                isStored: isStored && logs.isOnDisk, wasAllocated: allocation != nil))
    }

    /// Writes a line to the job's own log.
    nonisolated func log(_ sentence: String) {
        let line = Array("\(context.timekeeper.now().formatted(.iso8601)) \(sentence)\n".utf8)
        guard !logs.own.append(line) else { return }
        _Concurrency.Task { await catchUpLater() }
    }

    // MARK: Time

    /// How many seconds an alarm can be late on a busy machine.
    private static let longestDelay = 5.0

    private func setAlarm() {
        let moment = isStopping ? nil : lifecycle.nextMoment
        guard alarmMoment != moment else { return }
        alarm?.cancel()
        alarmMoment = moment
        alarm = moment.map { moment in
            _Concurrency.Task { [weak self, timekeeper] in
                guard (try? await timekeeper.wait(moment)) != nil else { return }
                await self?.alarmRings(moment)
            }
        }
    }

    private func alarmRings(_ moment: Date) async {
        guard !isStopping, alarmMoment == moment else { return }
        alarmMoment = nil
        // A runner that was suspended cannot know who tried to send heartbeats in the meantime.
        let wasAsleep = timekeeper.now().timeIntervalSince(moment) > Self.longestDelay
        if wasAsleep { logger.notice("job \(id): the runner was late; every lease starts again") }
        await apply { (wasAsleep ? $0.renewAll(at: $1) : []) + $0.timePassed(at: $1) }
    }

    // MARK: A full disk

    private func store(_ record: JobRecord) async {
        do {
            try await context.store.save(record, at: timekeeper.now())
            isStored = true
        } catch {
            logger.error("job \(id): not stored: \(error.debugDescription)")
            if isStored {
                log("the state of this job cannot be stored now; the job continues, and is stored later")
            }
            isStored = false
            catchUpLater()
        }
    }

    private func catchUpLater() {
        guard catchingUp == nil, !isStopping else { return }
        catchingUp = _Concurrency.Task { [weak self, context] in
            while (try? await context.timekeeper.wait(context.nextAttempt)) != nil {
                guard let self, await !self.catchUp() else { return }
            }
        }
    }

    /// Writes what waits in memory. Returns whether that was everything.
    private func catchUp() async -> Bool {
        await turn.pass {
            logs.flush()
            if !isStored { isStored = (try? await context.store.save(record, at: timekeeper.now())) != nil }
            guard isStored, logs.own.isOnDisk else { return false }
            catchingUp = nil
            logger.info("job \(id): the disk has space again, and the job is stored")
            await report(record)
            return true
        }
    }

    /// Returns when a task's log can be written again. Until then the builder keeps the output.
    func waitForRoom(for log: LogFile, of task: String) async throws {
        let cause = log.failure ?? "no room"
        logger.error("job \(id): the log of task \(task) cannot be written: \(cause)")
        self.log("task \(task): its log waits, because it cannot be written: \(cause)")
        while !log.flush() { try await timekeeper.wait(context.nextAttempt) }
        logger.info("job \(id): the log of task \(task) continues")
        self.log("task \(task): its log continues, nothing is missing")
    }

    // MARK: Watchers

    /// The changes of the job, beginning with its current state unless the watcher has seen that already.
    ///
    /// - Parameters:
    ///   - last: the number of the last change that the watcher has seen.
    ///   - person: for whom the job is watched: the stream also reports that something about them has changed, and
    ///     begins with that.
    func changes(after last: Int?, for person: Person?) -> EventFeed.Stream {
        let present = JobChange(
            number: record.eventNumber, kind: person == nil ? .status : .person, job: record.job)
        let first = last == record.eventNumber && person == nil ? nil : present
        guard !record.isOver else { return EventFeed.ended(with: first) }
        return feed.watch(from: first, for: person?.id) { [weak self] number in
            _Concurrency.Task { [weak self] in await self?.unwatch(number) }
        }
    }

    private func unwatch(_ number: Int) {
        feed.remove(number)
    }

    /// Tells every watcher that the service is alive.
    func beat() {
        feed.beat()
    }

    /// Tells those who watch for a person that something about the person or their keys has changed.
    func personChanged(_ person: Person) {
        feed.publish(
            JobChange(number: record.eventNumber, kind: .person, job: record.job), to: person.id)
    }

    // MARK: The runner's end

    /// Interrupts everything that waits, without ending anything: the next runner continues.
    func stop() async {
        isStopping = true
        if catchingUp != nil {
            catchingUp?.cancel()
            _ = await catchUp()
        }
        setAlarm()
        run?.cancel()
        feed.end(throwing: RunnerError(.stopping, "The service is stopping."))
        logs.breakOff()
    }
}
