import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Logging
import Presentation
import Provider

/// What the job asks its provider for: a machine, and more time with it.
extension LiveJob {
    /// Asks once, under the job's one id.
    ///
    /// - Throws: ``AllocationFailure`` if it is not possible now.
    func allocate(from pool: Pool) async throws -> any AllocatedBuilder {
        // The folder of a virtual machine is its job's, whatever has been there before.
        await context.allocations.releasesAreTried(of: id)
        let allocation = if let allocation { allocation } else { try await newAllocation(in: pool) }
        let request = context.settings.request(for: record, as: allocation.id, from: pool)
        try checkRunning()
        let start = timekeeper.now()
        var result = RunnerMetrics.BuilderResult.failed
        defer {
            // However a provider calls it.
            if result == .failed, _Concurrency.Task.isCancelled { result = .cancelled }
            context.metrics.allocated(in: pool.name, result, after: start, timekeeper)
        }
        do {
            try await giveAttachKey(to: allocation.id, in: pool)
            let builder = try await allocate(request, from: pool)
            var returned = allocation
            (returned.data, returned.until) = (builder.data, builder.until)
            self.allocation = returned
            await context.allocations.update(returned)
            result = .success
            return builder
        } catch let failure as AllocationFailure where failure.kind == .notNow {
            result = .notNow
            throw failure
        } catch let failure as AllocationFailure {
            throw RunnerError(
                .failure, HostileText.printable(failure.description, limit: 400), detail: failure.detail)
        } catch is CancellationError {
            result = .cancelled
            throw CancellationError()
        } catch {
            throw RunnerError(.failure, "the builder cannot be started", detail: String(reflecting: error))
        }
    }

    /// Says why the job waits, unless the last thing that was said is just that.
    ///
    /// - Returns: after how many seconds to try again: longer each time.
    func notNow(_ failure: AllocationFailure) -> Double {
        if attempts.reason == nil { logger.error("job \(id): \(failure.debugDescription)") }
        let sentence = HostileText.printable(failure.description, limit: 400)
        if attempts.refused(because: sentence) { log(sentence) }
        return failure.retryInterval ?? attempts.nextInterval()
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

    /// The key with which its machine can dial a gateway, if the pool's machines do that. It is known here before anybody has
    /// it.
    private func giveAttachKey(to allocation: AllocationID, in pool: Pool) async throws {
        do {
            guard let line = try await pool.provider.attachKey(for: allocation) else { return }
            try await context.allocations.add(try PublicKey.parse(line: line).key, to: allocation)
        } catch {
            let isFull =
                (error as? BuilderError)?.code == .noSpace || (error as? RunnerError)?.code == .noSpace
            guard isFull else { throw error }
            throw AllocationFailure(
                .notNow, "the disk of the build service is full", detail: String(reflecting: error))
        }
    }

    /// One attempt, which ends when the pool's time is over.
    private func allocate(
        _ request: BuilderRequest, from pool: Pool
    ) async throws -> any AllocatedBuilder {
        let arrival = Arrival()
        self.arrival = arrival
        defer { self.arrival = nil }
        var request = request
        request.arrival = { try await arrival.wait() }
        let deadline = timekeeper.now().addingTimeInterval(Double(pool.timeout))
        let progress: @Sendable (String) -> Void = { [weak self, progress = attempts.progress] line in
            // Who speaks is said, so that nobody takes it for a word of the runner's.
            let line = HostileText.printable(line, limit: 400)
            if progress.isNews(line) { _Concurrency.Task { await self?.allocatorSaid() } }
            guard let shown = progress.shown(line) else { return }
            self?.log("\(pool.name): \(shown)")
        }
        let builder = try await withThrowingTaskGroup(of: (any AllocatedBuilder)?.self) { group in
            group.addTask { [request] in try await pool.provider.allocate(request, progress: progress) }
            group.addTask { [timekeeper] in
                try await timekeeper.wait(deadline)
                return nil
            }
            // Whichever comes second is cancelled and awaited.
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        try checkRunning()
        guard (builder?.data?.utf8.count ?? 0) <= Allocation.longestData else {
            throw AllocationFailure(
                .failed, "the pool \(pool.name) has noted more about the builder than can be stored")
        }
        guard let builder else {
            throw AllocationFailure(
                .failed,
                "the pool \(pool.name) had no builder within \(SpokenDuration.written(pool.timeout))")
        }
        return builder
    }

    /// Asks the provider for more time, if the deadline that someone wants needs more than it has promised.
    func ensureTime(until moment: Date) async {
        await extending.pass { await askForTime(until: moment) }
    }

    private func askForTime(until moment: Date) async {
        guard let until = record.until, let since = record.keptSince, let pool, var allocation else { return }
        let latest = since.addingTimeInterval(Double(context.settings.times.maxLife))
        guard min(moment, latest) > until else { return }
        do {
            let wanted = timekeeper.wallTime(of: min(moment, latest))
            let extended = try await pool.provider.extend(allocation, until: wanted)
            allocation.until = extended
            self.allocation = allocation
            await context.allocations.update(allocation)
            // A machine that has dialled can end before its provider takes it back.
            let until = [extended, record.job.attached?.until].compactMap(\.self).min()
                .map(timekeeper.moment(of:))
            await apply { lifecycle, _ in lifecycle.extendedByProvider(until: until) }
        } catch {
            logger.notice("job \(id): its builder cannot stay longer: \(String(reflecting: error))")
        }
    }
}
