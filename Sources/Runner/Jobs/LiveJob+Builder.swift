import BuildAPI
import FoundationEssentials
import Logging
import Presentation
import Provider

/// The job's builder, from its allocation to its release.
extension LiveJob {
    /// The pool that the job's builder comes from; nil: the administrator has removed it.
    var pool: Pool? { context.pools[record.build.pool] }

    /// Gets a builder, unless an earlier runner has left one that boots, and waits until it is ready.
    func boot() async throws {
        guard let pool else { throw Self.noPool(record.build.pool) }
        try await pool.starting.passUnlessCancelled {
            try checkRunning()
            if machine == nil { try await start(from: pool) }
            guard let machine else { throw CancellationError() }
            do {
                try await machine.waitUntilReady(within: context.settings.bootTime)
            } catch {
                throw RunnerError(
                    .failure, "the builder did not come up", detail: String(reflecting: error))
            }
            try checkRunning()
            await apply { $0.builderReady(at: $1) }
        }
    }

    static func noPool(_ name: String) -> RunnerError {
        RunnerError(.failure, "the pool \(name), which the builder should come from, no longer exists")
    }

    private func start(from pool: Pool) async throws {
        let started = try await allocate(from: pool)
        machine = started
        watch(started)
        // It may have been cancelled in the meantime.
        guard !record.job.status.isFinal else {
            endBuilder()
            throw CancellationError()
        }
        await apply {
            $0.builderStarted(
                address: started.address, port: started.port, user: started.user,
                hostKeys: started.hostKeys, execution: started.execution, until: started.until, at: $1)
        }
    }

    // MARK: The allocation

    /// The job waits while its provider says that it is not possible now.
    private func allocate(from pool: Pool) async throws -> any AllocatedBuilder {
        // The folder of a virtual machine is its job's, whatever has been there before.
        await context.allocations.releasesAreTried(of: id)
        let allocation = try await newAllocation(in: pool)
        let request = context.settings.request(for: record, as: allocation.id, from: pool)
        var retries = RetryIntervals()
        var said: String?
        while true {
            try checkRunning()
            do {
                let builder = try await allocate(request, from: pool)
                var returned = allocation
                (returned.data, returned.until) = (builder.data, builder.until)
                self.allocation = returned
                await context.allocations.update(returned)
                return builder
            } catch let failure as AllocationFailure where failure.kind == .notNow {
                let sentence = HostileText.printable(failure.description, limit: 400)
                if said == nil { logger.error("job \(id): \(failure.debugDescription)") }
                if said != sentence { log(sentence) }
                said = sentence
                let interval = failure.retryInterval ?? retries.next()
                try await timekeeper.wait(timekeeper.now().addingTimeInterval(interval))
            } catch let failure as AllocationFailure {
                throw RunnerError(
                    .failure, HostileText.printable(failure.description, limit: 400), detail: failure.detail)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                throw RunnerError(
                    .failure, "the builder cannot be started", detail: String(reflecting: error))
            }
        }
    }

    /// An allocation that is stored, so that it is released even if this runner dies in the next moment. While the disk is
    /// full, the job waits.
    private func newAllocation(in pool: Pool) async throws -> Allocation {
        let new = Allocation(id: AllocationID(for: id), job: id, pool: pool.name)
        var hasWaited = false
        while true {
            try checkRunning()
            do throws(RunnerError) {
                try await context.allocations.add(new)
                allocation = new
                return new
            } catch {
                guard error.code == .noSpace else { throw error }
                if !hasWaited {
                    logger.error("job \(id): \(error.debugDescription)")
                    log("the builder waits for space: the disk of the build service is full")
                }
                hasWaited = true
            }
            try await timekeeper.wait(context.nextAttempt)
        }
    }

    /// One attempt, which ends when the pool's time is over.
    private func allocate(
        _ request: BuilderRequest, from pool: Pool
    ) async throws -> any AllocatedBuilder {
        let deadline = timekeeper.now().addingTimeInterval(Double(pool.timeout))
        let progress: @Sendable (String) -> Void = { [weak self] line in
            self?.log(HostileText.printable(line, limit: 400))
        }
        let builder = try await withThrowingTaskGroup(of: (any AllocatedBuilder)?.self) { group in
            group.addTask { try await pool.provider.allocate(request, progress: progress) }
            group.addTask { [timekeeper] in
                try await timekeeper.wait(deadline)
                return nil
            }
            // Whichever comes second is cancelled and awaited.
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        try checkRunning()
        guard let builder else {
            throw AllocationFailure(
                .failed,
                "the pool \(pool.name) had no builder within \(SpokenDuration.written(pool.timeout))")
        }
        return builder
    }

    // MARK: The builder's end

    func watch(_ machine: any AllocatedBuilder) {
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
        await releaseBuilder()
    }

    /// Gives the slot back when the provider has released the builder.
    func releaseBuilder() async {
        let release = allocation?.id
        _Concurrency.Task { [context, directory, id, isEntered = record.isEntered] in
            if let release { await context.allocations.release(release, entered: isEntered) }
            await directory?.slotFreed(by: id)
        }
    }

    /// Ends the machine; the slot becomes free when the machine is really gone.
    func endBuilder() {
        run?.cancel()
        guard machine != nil, let allocation else { return }
        _Concurrency.Task { [weak self, context, isEntered = record.isEntered] in
            await context.allocations.release(allocation.id, entered: isEntered)
            await self?.machineEnded()
        }
    }

    /// Ends the machine, for a runner that leaves nothing behind; returns when it is gone.
    func endForGood() async {
        // A machine that is being started exists when this has returned.
        await run?.value
        guard let allocation else { return }
        await context.allocations.releaseOnce(allocation.id, entered: record.isEntered)
    }

    // MARK: Its deadline

    /// Asks the provider for more time, if the deadline that someone wants needs more than it has promised.
    func ensureTime(until moment: Date) async {
        guard let until = record.until, let since = record.keptSince, let pool, var allocation else { return }
        let latest = since.addingTimeInterval(Double(context.settings.times.maxLife))
        guard min(moment, latest) > until else { return }
        do {
            let extended = try await pool.provider.extend(allocation, until: min(moment, latest))
            allocation.until = extended
            self.allocation = allocation
            await context.allocations.update(allocation)
            await apply { lifecycle, _ in lifecycle.extendedByProvider(until: extended) }
        } catch {
            logger.notice("job \(id): its builder cannot stay longer: \(String(reflecting: error))")
        }
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
