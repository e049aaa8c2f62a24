import BuildAPI
import FoundationEssentials
import Logging
import Provider

/// Runs the job: a builder, its tasks one after another.
extension LiveJob {
    /// The job has just been submitted.
    func submitted() async {
        let image = record.build.image
        await apply { lifecycle, _ in
            [.audit("submitted by \(lifecycle.record.job.owner.name), image \(image)")] + lifecycle.queue()
        }
    }

    /// It has a slot now.
    func start() {
        run = _Concurrency.Task { [weak self] in await self?.work() }
    }

    /// Takes over a builder that an earlier runner has left, and continues with it.
    func adopt(_ machine: any EndableBuilder) async {
        logger.info("job \(id): its builder continues")
        self.machine = machine
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
        logger.info("job \(id): its builder \(reason == nil ? "is gone" : "has ended")")
        await apply { $0.builderEnded(reason, at: $1) }
    }

    private func work() async {
        do {
            if needsBoot { try await context.bootGate.pass { try await boot() } }
            try await prepare()
            try await runTasks()
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
        if record.isOver, machine == nil { await free() }
    }

    private var needsBoot: Bool { record.job.builder.map { $0.state == .booting } ?? true }

    private func boot() async throws {
        try checkRunning()
        if machine == nil {
            let started = try await startMachine()
            machine = started
            watch(started)
            // It may have been cancelled in the meantime.
            guard !record.job.status.isFinal else {
                endBuilder()
                throw CancellationError()
            }
            await apply {
                $0.builderStarted(
                    endpoint: started.endpoint, user: started.user, hostKeys: started.hostKeys,
                    execution: started.execution, at: $1)
            }
        }
        guard let machine else { throw CancellationError() }
        do {
            try await machine.waitUntilReady(within: context.settings.bootTime)
        } catch {
            throw RunnerError(.failure, "the builder did not come up", detail: String(reflecting: error))
        }
        try checkRunning()
        await apply { $0.builderReady(at: $1) }
    }

    /// The job waits while the disk has no space for its builder.
    private func startMachine() async throws -> any EndableBuilder {
        var hasWaited = false
        while true {
            try checkRunning()
            do {
                return try await context.supply.start(context.settings.plan(for: record))
            } catch let error as RunnerError where error.code == .noSpace {
                if !hasWaited {
                    logger.error("job \(id): \(error.debugDescription)")
                    log("the builder waits for space: the disk of the build service is full")
                }
                hasWaited = true
                try await timekeeper.wait(context.nextAttempt)
            } catch let error as RunnerError {
                throw error
            } catch {
                throw RunnerError(
                    .failure, "the builder cannot be started", detail: String(reflecting: error))
            }
        }
    }

    private func prepare() async throws {
        guard let machine, !record.isPrepared else { return }
        guard let manifest = try await context.store.manifest(of: id) else {
            throw RunnerError(.failure, "the manifest of the job is missing")
        }
        if record.source != nil {
            try await machine.channel.unpackSource(at: context.settings.source(of: id))
        }
        // It comes first, so that a manifest can override it.
        let environment = [Manifest.Variable(name: "JOB_ID", value: "\(id)")] + manifest.environment
        try await machine.channel.prepare(
            Workload(
                environment: environment.map { .init(name: $0.name, value: $0.value) },
                tasks: manifest.tasks.map { .init(name: $0.name, text: $0.script) }))
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
            try await machine.channel.startTask(task.name)
            // The size of our log says how far an earlier runner got.
            let outcome = try await machine.channel.follow(task: task.name, from: log.size) {
                [weak self] bytes in
                if !log.append(bytes) { try await self?.waitForRoom(for: log, of: task.name) }
            }
            try checkRunning()
            log.end()
            for remark in outcome.remarks(memory: machine.execution.memory) {
                self.log("task \(task.name): \(remark)")
            }
            let endsJob = outcome.exitStatus != 0 || outcome.completesBuild
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
    private func checkRunning() throws {
        guard !isStopping, !record.job.status.isFinal, !_Concurrency.Task.isCancelled else {
            throw CancellationError()
        }
    }

    // MARK: The builder's end

    private func watch(_ machine: any EndableBuilder) {
        // By then, nobody else may need this job any more.
        _Concurrency.Task { [weak self, context, id] in
            await machine.waitUntilEnded()
            await self?.machineEnded()
            if let traffic = await machine.traffic {
                context.logger.info("job \(id): network: \(traffic)")
            }
        }
    }

    private func machineEnded() async {
        guard !isStopping, machine != nil else { return }
        machine = nil
        run?.cancel()
        await apply { $0.builderEnded(at: $1) }
        await free()
    }

    /// Gives the slot back, and removes the machine's files.
    private func free() async {
        let plan = context.settings.plan(for: record)
        _Concurrency.Task { [context] in await context.supply.discard(plan) }
        await directory?.slotFreed(by: id)
    }

    /// Ends the machine; the slot becomes free when the machine is really gone.
    func endBuilder() {
        run?.cancel()
        guard let machine else { return }
        _Concurrency.Task { await machine.end() }
    }

    /// Ends the machine, for a runner that leaves nothing behind; returns when it is gone.
    func endForGood() async {
        // A machine that is being started exists when this has returned.
        await run?.value
        await machine?.end()
        await context.supply.discard(context.settings.plan(for: record))
    }

    /// Sets the builder's own deadline: it ends by itself soon after, even if no runner ever comes back. One after the
    /// other, so that the last deadline wins.
    func moveDeadline() {
        let before = telling
        telling = _Concurrency.Task { [weak self] in
            await before?.value
            await self?.tellDeadline()
        }
    }

    private func tellDeadline() async {
        for _ in 1...5 {
            guard !isStopping, let machine, let builder = record.job.builder, builder.state != .booting,
                let deadline = record.job.deadline
            else { return }
            let seconds = max(1, Int(deadline.timeIntervalSince(timekeeper.now())))
            do {
                return try await machine.channel.setDeadline(secondsFromNow: seconds)
            } catch {
                logger.notice(
                    "job \(id): the builder's own deadline could not be set: \(String(reflecting: error))")
                try? await timekeeper.wait(context.nextAttempt)
            }
        }
    }
}
