import BuildAPI
import FoundationEssentials
import Logging

/// Runs a job: a slot, a builder, its tasks one after another.
extension JobBook {
    /// - Parameter machine: an existing one, or nil.
    func start(_ id: JobID, on machine: (any BuilderMachine)? = nil) {
        guard entries[id] != nil else { return }
        entries[id]?.hasSlot = true
        entries[id]?.machine = machine
        if let machine { watch(machine, id) }
        entries[id]?.run = _Concurrency.Task { [weak self] in await self?.run(id) }
    }

    /// Takes over a builder that an earlier runner has kept.
    func adopt(_ id: JobID, _ machine: any BuilderMachine) {
        entries[id]?.hasSlot = true
        entries[id]?.machine = machine
        watch(machine, id)
    }

    private func run(_ id: JobID) async {
        do {
            try await boot(id)
            try await prepare(id)
            try await runTasks(id)
            let room = keptRoom(for: id)
            apply(id) { $0.tasksEnded(room: room, at: $1) }
        } catch {
            guard !isStopping else { return }
            if entries[id]?.record.job.status.isFinal == false {
                logger.warning("job \(id): \(String(reflecting: error))")
                let reason = (error as? RunnerError)?.description ?? "the builder does not answer"
                let room = keptRoom(for: id)
                apply(id) { $0.failed(because: reason, room: room, at: $1) }
            }
        }
        // The job ended before its machine existed.
        if entries[id]?.record.isOver == true, entries[id]?.machine == nil { free(id) }
    }

    private func boot(_ id: JobID) async throws {
        if let state = entries[id]?.record.job.builder?.state, state != .booting { return }
        if !bootGate.enter() { await withCheckedContinuation { bootGate.wait($0) } }
        defer { bootGate.leave() }
        try checkRunning(id)
        if entries[id]?.machine == nil {
            let machine = try await startMachine(id)
            entries[id]?.machine = machine
            watch(machine, id)
            // It may have been cancelled in the meantime.
            guard entries[id]?.record.job.status.isFinal == false else {
                endBuilder(id)
                throw CancellationError()
            }
            apply(id) {
                $0.builderStarted(
                    address: machine.address, port: machine.port, user: machine.user,
                    hostKeys: machine.hostKeys, execution: machine.execution, at: $1)
            }
        }
        guard let machine = entries[id]?.machine else { throw CancellationError() }
        do {
            try await machine.waitUntilReady(within: settings.bootTime)
        } catch {
            throw RunnerError(.failure, "the builder did not come up", detail: String(reflecting: error))
        }
        try checkRunning(id)
        apply(id) { $0.builderReady(at: $1) }
    }

    /// The job waits while the disk has no space for its builder.
    private func startMachine(_ id: JobID) async throws -> any BuilderMachine {
        var hasWaited = false
        while true {
            try checkRunning(id)
            guard let record = entries[id]?.record else { throw CancellationError() }
            do {
                return try await supply.start(settings.plan(for: record))
            } catch let error as RunnerError where error.code == .noSpace {
                if !hasWaited {
                    logger.error("job \(id): \(error.debugDescription)")
                    log("the builder waits for space: the disk of the build service is full", id)
                }
                hasWaited = true
                try await timekeeper.wait(nextAttempt)
            } catch let error as RunnerError {
                throw error
            } catch {
                throw RunnerError(
                    .failure, "the builder cannot be started", detail: String(reflecting: error))
            }
        }
    }

    private func prepare(_ id: JobID) async throws {
        guard let entry = entries[id], let machine = entry.machine, !entry.record.isPrepared else { return }
        if entry.record.source != nil { try await machine.unpack(settings.source(of: id)) }
        // It comes first, so that a manifest can override it.
        let environment =
            [Manifest.Variable(name: "JOB_ID", value: "\(id)")] + entry.record.manifest.environment
        try await machine.prepare(environment: environment, tasks: entry.record.manifest.tasks)
        try checkRunning(id)
        apply(id) { lifecycle, _ in
            lifecycle.record.isPrepared = true
            return []
        }
    }

    private func runTasks(_ id: JobID) async throws {
        for task in entries[id]?.record.job.tasks ?? []
        where task.status == .pending || task.status == .running {
            try checkRunning(id)
            guard let machine = entries[id]?.machine, let log = entries[id]?.logs[task.name] else { return }
            if task.status == .pending { apply(id) { $0.taskStarted(task.name, at: $1) } }
            log.begin()
            try await machine.startTask(task.name)
            // The size of our log says how far an earlier runner got.
            let outcome = try await machine.follow(task: task.name, from: log.size) { [weak self] bytes in
                if !log.append(bytes) { try await self?.waitForRoom(for: log, of: task.name, id) }
            }
            try checkRunning(id)
            log.end()
            if let memory = entries[id].map({ settings.plan(for: $0.record).memory }) {
                for remark in outcome.remarks(memory: memory) { self.log("task \(task.name): \(remark)", id) }
            }
            let room = keptRoom(for: id)
            apply(id) {
                $0.taskEnded(
                    task.name, exitStatus: outcome.exitStatus, shortage: outcome.shortage,
                    completesBuild: outcome.completesBuild, room: room, at: $1)
            }
            if outcome.exitStatus != 0 || outcome.completesBuild { return }
        }
    }

    /// Throws if the job has ended in another way, or the runner stops.
    private func checkRunning(_ id: JobID) throws {
        guard !isStopping, let entry = entries[id], !entry.record.job.status.isFinal,
            !_Concurrency.Task.isCancelled
        else { throw CancellationError() }
    }

    // MARK: The builder's end

    private func watch(_ machine: any BuilderMachine, _ id: JobID) {
        _Concurrency.Task { [weak self] in
            await machine.waitUntilEnded()
            await self?.machineEnded(id)
            if let traffic = await machine.traffic { await self?.report("network: \(traffic)", of: id) }
        }
    }

    private func report(_ sentence: String, of id: JobID) {
        logger.info("job \(id): \(sentence)")
    }

    private func machineEnded(_ id: JobID) {
        guard !isStopping, entries[id]?.machine != nil else { return }
        entries[id]?.machine = nil
        entries[id]?.run?.cancel()
        apply(id) { $0.builderEnded(at: $1) }
        free(id)
    }

    /// Frees the slot and removes the machine's files.
    private func free(_ id: JobID) {
        guard let entry = entries[id] else { return }
        let plan = settings.plan(for: entry.record)
        _Concurrency.Task { [supply] in await supply.discard(plan) }
        entries[id]?.hasSlot = false
        closeIfOver(id)
        fillSlots()
    }

    /// Ends the machine; the slot becomes free when the machine is really gone.
    func endBuilder(_ id: JobID) {
        entries[id]?.run?.cancel()
        guard let machine = entries[id]?.machine else { return }
        _Concurrency.Task { await machine.end() }
    }

    /// Sets the builder's own deadline: it ends by itself soon after, even if no runner ever comes back. One after the
    /// other, so that the last deadline wins.
    func moveDeadline(_ id: JobID) {
        let before = entries[id]?.telling
        entries[id]?.telling = _Concurrency.Task { [weak self] in
            await before?.value
            await self?.tellDeadline(id)
        }
    }

    private func tellDeadline(_ id: JobID) async {
        for _ in 1...5 {
            guard !isStopping, let entry = entries[id], let machine = entry.machine,
                let builder = entry.record.job.builder, builder.state != .booting,
                let deadline = entry.record.job.deadline
            else { return }
            let seconds = max(1, Int(deadline.timeIntervalSince(timekeeper.now())))
            do {
                return try await machine.setDeadline(secondsFromNow: seconds)
            } catch {
                logger.notice(
                    "job \(id): the builder's own deadline could not be set: \(String(reflecting: error))")
                try? await timekeeper.wait(nextAttempt)
            }
        }
    }
}
