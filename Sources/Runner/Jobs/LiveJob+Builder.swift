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
    ///
    /// - Returns: after how many seconds to try again, if its pool has nothing now. Meanwhile others can start.
    func boot() async throws -> Double? {
        guard let pool else { throw Self.noPool(record.build.pool) }
        return try await pool.starting.passUnlessCancelled {
            try checkRunning()
            if machine == nil, let pause = try await start(from: pool) { return pause }
            guard let machine else { throw CancellationError() }
            let ready: ReadyBuilder
            let start = timekeeper.now()
            do {
                ready = try await machine.waitUntilReady(within: context.settings.bootTime)
                context.metrics.booted(in: pool.name, .success, after: start, timekeeper)
            } catch {
                let isGivenUp = error is CancellationError || _Concurrency.Task.isCancelled
                context.metrics.booted(
                    in: pool.name, isGivenUp ? .cancelled : .failed, after: start, timekeeper)
                throw RunnerError(
                    .failure, "the builder did not come up", detail: String(reflecting: error))
            }
            try checkRunning()
            await apply { $0.builderReady(ready, at: $1) }
            return nil
        }
    }

    static func noPool(_ name: String) -> RunnerError {
        RunnerError(.failure, "the pool \(name), which the builder should come from, no longer exists")
    }

    /// - Returns: after how many seconds to try again.
    private func start(from pool: Pool) async throws -> Double? {
        let started: any AllocatedBuilder
        await waits(for: attempts.reason)
        do {
            started = try await allocate(from: pool)
        } catch let failure as AllocationFailure where failure.kind == .notNow {
            // Its key is good once.
            guard record.attachment == nil else {
                throw RunnerError(
                    .failure, HostileText.printable(failure.description, limit: 400), detail: failure.detail)
            }
            let pause = notNow(failure)
            await waits(for: attempts.reason)
            return pause
        }
        guard started.hasDialled == (record.attachment != nil) else {
            throw RunnerError(
                .failure, "the pool \(pool.name) names another machine than the one that has dialled")
        }
        machine = started
        watch(started)
        // It may have been cancelled in the meantime.
        guard !record.job.status.isFinal else {
            endBuilder()
            throw CancellationError()
        }
        let until = started.until.map(timekeeper.moment(of:))
        await apply {
            started.hasDialled
                ? $0.builderPromised(until: until)
                : $0.builderStarted(
                    endpoint: started.endpoint, user: started.user, hostKeys: started.hostKeys,
                    execution: started.execution, until: until, at: $1)
        }
        followMachine()
        return nil
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

    /// Sets the builder's own deadline: it ends by itself soon after, even if no runner ever comes back. One after the
    /// other, so that the last deadline wins.
    func moveDeadline() {
        guard record.attachment == nil else { return }
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
