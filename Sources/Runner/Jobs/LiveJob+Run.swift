import Audit
import BuildAPI
import FoundationEssentials
import Logging
import Presentation
import Provider

/// Runs the job: a builder, its tasks one after another.
extension LiveJob {
    /// The job has just been submitted.
    func submitted() async {
        let image = record.build.image
        var audit = AuditRecord(.change)
        audit[.verb] = "submit"
        audit.set(record.job.submitter ?? record.job.owner.person)
        await apply { [audit] lifecycle, _ in
            [.audit(lifecycle.record.job.spokenSubmission + ", image \(image)", audit)] + lifecycle.queue()
        }
    }

    /// It has a slot now.
    func start() {
        attempts.waits = false
        run = _Concurrency.Task { [weak self] in await self?.work() }
    }

    /// Takes over a builder that an earlier runner has left, and continues with it.
    func adopt(_ machine: any AllocatedBuilder, _ allocation: Allocation) async {
        logger.info("job \(id): its builder continues")
        self.machine = machine
        self.allocation = allocation
        artifacts.removeIncoming()
        followMachine()
        watch(machine)
        if !record.job.status.isFinal { start() }
        // Sessions could not send heartbeats, so their leases start again.
        await apply { $0.renewAll(at: $1) + $0.timePassed(at: $1) }
        // The earlier runner may have died before it told the builder.
        moveDeadline()
        tellPeople()
    }

    /// The builder that an earlier runner has left is gone.
    ///
    /// - Parameter reason: nil: nobody knows.
    func lose(_ reason: Job.BuilderEnd.Reason? = nil) async {
        artifacts.removeIncoming()
        logger.info("job \(id): its builder \(reason == nil ? "is gone" : "has ended")")
        await apply { $0.builderEnded(reason, at: $1) }
    }

    /// It waits for a builder of a pool that there no longer is.
    func losePool() async {
        let reason = Self.noPool(record.build.pool).description
        await apply { $0.failed(because: reason, at: $1) }
    }

    private func work() async {
        do {
            if needsBoot, let pause = try await boot() { return await wait(pause) }
            try await prepare()
            if !record.job.isFresh { try await runTasks() }
            try await takeArtifacts(after: .success)
            let room = await keptRoom()
            await apply { $0.tasksEnded(room: room, at: $1) }
        } catch {
            guard !isStopping else { return }
            if !record.job.status.isFinal {
                logger.warning("job \(id): \(String(reflecting: error))")
                let reason = (error as? RunnerError)?.description ?? "the builder does not answer"
                let room = await keptRoom()
                await apply { $0.failed(because: reason, room: room, at: $1) }
            }
        }
        // The job ended before its machine existed.
        if record.isOver, machine == nil { await releaseBuilder() }
    }

    /// Lets other jobs have the slot, and stands in line for one again after that many seconds.
    private func wait(_ pause: Double) async {
        attempts.waits = true
        let moment = timekeeper.now().addingTimeInterval(pause)
        await directory?.slotRefused(to: id, .init(sentence: attempts.reason ?? "", again: moment))
        guard (try? await timekeeper.wait(moment)) != nil else { return }
        await directory?.standsInLineAgain(id)
    }

    private var needsBoot: Bool { record.job.builder.map { $0.state == .booting } ?? true }

    private func prepare() async throws {
        guard let machine, !record.isPrepared else { return }
        guard let manifest = try await context.store.manifest(of: id) else {
            throw RunnerError(.failure, "the manifest of the job is missing")
        }
        if record.source != nil {
            try await persistently { [context, id] in
                try await machine.channel.unpackSource(at: context.settings.source(of: id))
            }
        }
        // It comes first, so that a manifest can override it.
        let environment = [Manifest.Variable(name: "JOB_ID", value: "\(id)")] + manifest.environment
        let workload = Workload(
            environment: environment.map { .init(name: $0.name, value: $0.value) },
            tasks: manifest.tasks.map { .init(name: $0.name, text: $0.script) },
            reproduction: Reproduction(record.job)?.text)
        try await persistently { try await machine.channel.prepare(workload) }
        try checkRunning()
        await apply { lifecycle, _ in
            lifecycle.record.isPrepared = true
            return []
        }
    }

    private func runTasks() async throws {
        for task in record.job.tasks where task.status == .pending || task.status == .running {
            try checkRunning()
            guard let machine, let log = logs[task.name] else { return }
            if task.status == .pending { await apply { $0.taskStarted(task.name, at: $1) } }
            log.begin()
            try await persistently { try await machine.channel.startTask(task.name) }
            // The size of our log says how far an earlier runner got.
            let outcome = try await persistently {
                try await machine.channel.follow(task: task.name, from: log.size) { [weak self] bytes in
                    if !log.append(bytes) { try await self?.waitForRoom(for: log, of: task.name) }
                }
            }
            try checkRunning()
            log.end()
            for remark in outcome.remarks(memory: machine.execution.memory) {
                self.log("task \(task.name): \(remark)")
            }
            let endsJob = outcome.exitStatus != 0 || outcome.completesBuild
            if endsJob { try await takeArtifacts(after: outcome.exitStatus == 0 ? .success : .failed) }
            let room = endsJob ? await keptRoom() : .free
            await apply {
                $0.taskEnded(
                    task.name, exitStatus: outcome.exitStatus, shortage: outcome.shortage,
                    completesBuild: outcome.completesBuild, room: room, at: $1)
            }
            if endsJob { return }
        }
    }

    /// Whether there is room for one more kept builder.
    private func keptRoom() async -> KeptRoom { await directory?.keptRoom(for: id) ?? .free }

    /// Throws if the job has ended in another way, or the runner stops.
    func checkRunning() throws {
        guard !isStopping, !record.job.status.isFinal, !_Concurrency.Task.isCancelled else {
            throw CancellationError()
        }
    }
}
