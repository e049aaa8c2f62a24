import BuildAPI
import ConfigurationFile
import FoundationEssentials
import Logging

/// Every job that can still change. Only here do events reach a ``Lifecycle`` and are its effects carried out.
actor JobBook {
    /// A job that has not ended, and what belongs to it while this runner lives.
    struct Entry {
        var lifecycle: Lifecycle
        let logs: JobLogs
        var machine: (any BuilderMachine)?
        /// Whether it has a slot: from its start until its machine is gone.
        var hasSlot = false
        var feed = EventFeed()
        /// Boots the builder and runs the tasks.
        var run: _Concurrency.Task<Void, Never>?
        /// Waits for the lifecycle's next moment.
        var alarm: _Concurrency.Task<Void, Never>?
        var alarmMoment: Date?
        /// Tells the builder its deadline.
        var telling: _Concurrency.Task<Void, Never>?
        var admission = Admission()
        /// Why it is in the queue, as its log says.
        var waitsFor: WaitReason?
        /// Whether the database is up to date.
        var isStored = true

        var record: JobRecord { lifecycle.record }
    }

    let store: Store
    let supply: any BuilderSupply
    let settings: Settings
    let timekeeper: Timekeeper
    let logger: Logger
    var entries: [JobID: Entry] = [:]
    /// In the order of submission.
    var queue: [JobID] = []
    /// Booting machines load the processors, so only two boot at once.
    var bootGate = Gate(2)
    /// How many sources are on their way, by the id of their owner.
    var arrivals: [String: Int] = [:]
    var isStopping = false
    /// It is not known yet which slots are taken.
    var isTakingOver = false
    /// Waits for space on the disk.
    var catchingUp: _Concurrency.Task<Void, Never>?

    init(store: Store, supply: any BuilderSupply, settings: Settings, timekeeper: Timekeeper, logger: Logger)
    {
        self.store = store
        self.supply = supply
        self.settings = settings
        self.timekeeper = timekeeper
        self.logger = logger
    }

    // MARK: Requests of the API

    /// - Parameter source: what its builder unpacks; it becomes the job's.
    func submit(
        _ manifest: Manifest, source: consuming IncomingSource? = nil, owner: Person, note: String?,
        visibility: Job.Visibility = .unlisted
    ) throws(RunnerError) -> Job {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        // Since they began to send it, hours may have passed.
        if let account = try store.account(owner.id) { try refuseSuspended(account) }
        try checkQueue(of: owner)
        let bytes = source?.size
        if let bytes { try makeRoom(for: bytes, of: owner) }
        let record = try store.addJob(
            owner: owner, note: note, visibility: visibility, manifest: manifest, source: bytes,
            at: timekeeper.now()
        ) { try source?.move(to: settings.source(of: $0)) }
        let id = record.job.id
        add(record)
        queue.append(id)
        apply(id) { lifecycle, _ in
            [.audit("submitted by \(owner.name), image \(manifest.image)")] + lifecycle.queue()
        }
        fillSlots()
        return entries[id]?.record.job ?? record.job
    }

    func job(_ id: JobID) throws(RunnerError) -> Job {
        try shown(id).job
    }

    /// The same jobs as they are now. One of them can have ended since they were read.
    ///
    /// - Parameter live: leave out those that have.
    func current(_ stored: [Job], live: Bool) throws(RunnerError) -> [Job] {
        var jobs: [Job] = []
        for job in stored {
            if let entry = entries[job.id] {
                jobs.append(entry.record.job)
            } else if !live {
                let isOver = job.status.isFinal && job.builder == nil
                jobs.append(isOver ? job : try self.job(job.id))
            }
        }
        return jobs
    }

    /// The logs of a job; those of a final job are closed.
    func logs(_ id: JobID) throws(RunnerError) -> JobLogs {
        if let entry = entries[id] { return entry.logs }
        return JobLogs(
            folder: settings.logs(of: id), tasks: try job(id).tasks.map(\.name), limit: settings.limits.log,
            isEnded: true)
    }

    /// The changes of a job, beginning with its current state unless the watcher has seen that already.
    ///
    /// - Parameters:
    ///   - last: the number of the last change that the watcher has seen.
    ///   - person: for whom the job is watched: the stream also reports that something about them has changed, and
    ///     begins with that.
    func changes(
        of id: JobID, after last: Int?, for person: Person? = nil
    ) throws(RunnerError) -> EventFeed.Stream {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        let shown = try shown(id)
        let present = JobChange(
            number: shown.eventNumber, kind: person == nil ? .status : .person, job: shown.job)
        let first = last == shown.eventNumber && person == nil ? nil : present
        guard entries[id]?.record.isOver == false else {
            return EventFeed.Stream { continuation in
                if let first { continuation.yield(.change(first)) }
                continuation.finish()
            }
        }
        return entries[id]!.feed.watch(from: first, for: person?.id) { [weak self] number in
            _Concurrency.Task { [weak self] in await self?.unwatch(id, number) }
        }
    }

    /// Tells every watcher of a job that the service is alive.
    func beat() {
        for entry in entries.values { entry.feed.beat() }
    }

    /// Tells those who watch jobs for a person that something about the person or their keys has changed.
    func personChanged(_ person: Person) {
        for entry in entries.values {
            let record = entry.record
            entry.feed.publish(
                JobChange(number: record.eventNumber, kind: .person, job: record.job), to: person.id)
        }
    }

    private func unwatch(_ id: JobID, _ number: Int) {
        entries[id]?.feed.remove(number)
    }

    /// What is shown of a job, without its manifest.
    private func shown(_ id: JobID) throws(RunnerError) -> ShownJob {
        if let record = entries[id]?.record {
            return ShownJob(job: record.job, eventNumber: record.eventNumber)
        }
        guard let job = try store.shownJob(id) else {
            throw RunnerError(.notFound, "There is no such job.")
        }
        return job
    }

    // MARK: Changes

    func add(_ record: JobRecord) {
        entries[record.job.id] = Entry(
            lifecycle: Lifecycle(record: record, times: settings.times),
            logs: JobLogs(
                folder: settings.logs(of: record.job.id), tasks: record.job.tasks.map(\.name),
                limit: settings.limits.log, isEnded: record.job.status.isFinal))
    }

    /// Applies a change to a job, stores the result, then tells the watchers.
    func apply(_ id: JobID, _ change: (inout Lifecycle, Date) -> [Effect]) {
        guard var lifecycle = entries[id]?.lifecycle else { return }
        let effects = change(&lifecycle, timekeeper.now())
        var changes: [JobChange] = []
        for case .publish(let kind) in effects {
            lifecycle.record.eventNumber += 1
            changes.append(
                JobChange(number: lifecycle.record.eventNumber, kind: kind, job: lifecycle.record.job))
        }
        let isChanged = lifecycle.record != entries[id]?.lifecycle.record
        entries[id]?.lifecycle = lifecycle
        if isChanged { save(id) }
        for effect in effects {
            switch effect {
            case .log(let sentence): log(sentence, id)
            case .audit(let record): logger.info("job \(id): \(record)")
            case .publish, .moveDeadline, .tellPeople, .endBuilder: break
            }
        }
        if lifecycle.record.job.status.isFinal { entries[id]?.logs.end() }
        // A kept builder can make its owner's next job wait.
        let isKept =
            isChanged && effects.contains(.publish(.status)) && lifecycle.record.job.builder?.state == .kept
        for change in changes { entries[id]?.feed.publish(change) }
        if effects.contains(.endBuilder) {
            endBuilder(id)
        } else {
            // What the builder says of itself stays true.
            if effects.contains(.tellPeople) || !changes.isEmpty && entries[id]?.admission.told != nil {
                tellPeople(id)
            }
            if effects.contains(.moveDeadline) { moveDeadline(id) }
        }
        setAlarm(id)
        closeIfOver(id)
        if isKept { fillSlots() }
    }

    func log(_ sentence: String, _ id: JobID) {
        guard let logs = entries[id]?.logs else { return }
        let line = Array("\(timekeeper.now().formatted(.iso8601)) \(sentence)\n".utf8)
        if !logs.own.append(line) { catchUpLater() }
    }

    /// How many seconds an alarm can be late on a busy machine.
    private static let longestDelay = 5.0

    private func setAlarm(_ id: JobID) {
        guard let entry = entries[id], entry.alarmMoment != entry.lifecycle.nextMoment else { return }
        entry.alarm?.cancel()
        let moment = entry.lifecycle.nextMoment
        entries[id]?.alarmMoment = moment
        entries[id]?.alarm = moment.map { moment in
            _Concurrency.Task { [weak self, timekeeper] in
                guard (try? await timekeeper.wait(moment)) != nil else { return }
                await self?.alarmRings(id, moment)
            }
        }
    }

    private func alarmRings(_ id: JobID, _ moment: Date) {
        guard !isStopping, entries[id]?.alarmMoment == moment else { return }
        entries[id]?.alarmMoment = nil
        // A runner that was suspended cannot know who tried to send heartbeats in the meantime.
        let wasAsleep = timekeeper.now().timeIntervalSince(moment) > Self.longestDelay
        if wasAsleep { logger.notice("job \(id): the runner was late; every lease starts again") }
        apply(id) { (wasAsleep ? $0.renewAll(at: $1) : []) + $0.timePassed(at: $1) }
    }

    /// Forgets a finished and stored job; from then on only the database has it.
    func closeIfOver(_ id: JobID) {
        guard var entry = entries[id], entry.record.isOver else { return }
        entry.feed.end()
        entries[id]?.feed = entry.feed
        queue.removeAll { $0 == id }
        guard !entry.hasSlot, entry.isStored, entry.logs.isOnDisk else { return }
        entry.alarm?.cancel()
        entries[id] = nil
    }
}
