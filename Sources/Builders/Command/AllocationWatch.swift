import AllocatorProtocol
import FoundationEssentials
import HelperPrograms
import Logging
import Provider

/// Finds out which machines of a pool are gone: it asks for the list once for all of them, every 30 seconds while there are
/// any, and once after the runner's start.
actor AllocationWatch {
    /// What a builder waits for.
    private struct Watched {
        var until: Date
        /// Whether its SSH server answers, where the list does not know.
        let answers: @Sendable () async -> Bool
        /// When it began not to answer.
        var silentSince: ContinuousClock.Instant?
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private let program: AllocatorProgram
    private let logger: Logger
    /// Whether the runner remembers an allocation; nil: it has not begun.
    private var knows: (@Sendable (AllocationID) async -> Bool)?
    private let interval: Duration
    /// A machine that the list does not know is gone when it has not answered for so long.
    private let silence: Duration

    private var watched: [AllocationID: Watched] = [:]
    private var numbers: UInt64 = 0
    private var loop: Task<Void, Never>?
    private var hasList = true
    /// When to release what only the allocator knows, and how long to wait after that.
    private var unknown: [AllocationID: (next: ContinuousClock.Instant, pause: Duration)] = [:]
    /// Nobody has to wait for their end any more.
    private var released: Set<AllocationID> = []

    init(
        _ program: AllocatorProgram, logger: Logger, interval: Duration = .seconds(30),
        silence: Duration = .seconds(120)
    ) {
        self.program = program
        self.logger = logger
        self.interval = interval
        self.silence = silence
    }

    deinit { loop?.cancel() }

    /// Asks for the list once.
    func begin(knowing isKnown: @escaping @Sendable (AllocationID) async -> Bool) {
        knows = isKnown
        start(always: true)
    }

    /// Returns when the machine is gone, or when the caller is cancelled.
    func waitUntilGone(
        _ allocation: AllocationID, until: Date, answers: @escaping @Sendable () async -> Bool
    ) async {
        numbers += 1
        let number = numbers
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled, !released.contains(allocation) else {
                    return continuation.resume()
                }
                watched[allocation, default: Watched(until: until, answers: answers)].waiters[number] =
                    continuation
                start()
            }
        } onCancel: {
            Task { await self.leave(allocation, number) }
        }
    }

    func extended(_ allocation: AllocationID, until: Date) {
        watched[allocation]?.until = until
    }

    /// Ends the machine; whoever waits for that returns.
    func release(_ allocation: AllocationID, data: String?, entered: Bool) async throws(AllocatorFault) {
        let question = AllocatorWire.Release(
            allocation: allocation.description, data: data, entered: entered)
        _ = try await program.run(
            .release, reading: question, environment: ["SALLYPORT_ALLOCATION": question.allocation])
        if released.count >= 10_000 { released = [] }
        released.insert(allocation)
        gone(allocation)
    }

    private func leave(_ allocation: AllocationID, _ number: UInt64) {
        guard let waiter = watched[allocation]?.waiters.removeValue(forKey: number) else { return }
        waiter.resume()
        if watched[allocation]?.waiters.isEmpty == true { watched[allocation] = nil }
    }

    private func gone(_ allocation: AllocationID) {
        for waiter in (watched.removeValue(forKey: allocation)?.waiters ?? [:]).values { waiter.resume() }
    }

    private func start(always: Bool = false) {
        guard loop == nil else { return }
        loop = Task { [weak self, interval] in
            if always { _ = await self?.list() }
            while await self?.look() == true {
                guard (try? await Task.sleep(for: interval)) != nil else { return }
            }
        }
    }

    /// - Returns: whether there is anything to look at.
    private func look() async -> Bool {
        guard !watched.isEmpty else {
            loop = nil
            return false
        }
        let states = await list()
        // A slow one keeps nobody waiting, and what has happened meanwhile counts: it may have been extended.
        let silent = watched.filter { ![.gone, .alive].contains(states[$0.key]) }
        let answering = await withTaskGroup(of: (AllocationID, Bool).self) { group in
            for (allocation, machine) in silent {
                group.addTask { (allocation, await machine.answers()) }
            }
            var answering: [AllocationID: Bool] = [:]
            for await (allocation, answers) in group { answering[allocation] = answers }
            return answering
        }
        for (allocation, machine) in watched {
            if machine.until < Date() || states[allocation] == .gone {
                gone(allocation)
            } else {
                judge(allocation, isAnswering: answering[allocation] ?? true)
            }
        }
        return true
    }

    private func judge(_ allocation: AllocationID, isAnswering: Bool) {
        guard !isAnswering else {
            watched[allocation]?.silentSince = nil
            return
        }
        let since = watched[allocation]?.silentSince ?? .now
        watched[allocation]?.silentSince = since
        if since.duration(to: .now) >= silence { gone(allocation) }
    }

    /// What the allocator knows. What only it knows is released.
    private func list() async -> [AllocationID: AllocatorWire.Listed.Entry.State] {
        guard hasList else { return [:] }
        let answer: AllocatorWire.Listed
        do throws(AllocatorFault) {
            answer = try await program.ask(.list, AllocatorWire.List(pool: program.pool))
        } catch {
            if case .ended(.exited(AllocatorWire.Status.cannot), _) = error {
                hasList = false
            } else {
                logger.warning("pool \(program.pool): no list: \(error.cause)")
            }
            return [:]
        }
        var states: [AllocationID: AllocatorWire.Listed.Entry.State] = [:]
        for entry in answer.allocations {
            guard let allocation = AllocationID(entry.allocation) else { continue }
            states[allocation] = entry.state
            if let until = entry.until { watched[allocation]?.until = until }
            guard entry.state != .gone, let knows, await !knows(allocation) else { continue }
            releaseUnknown(allocation)
        }
        return states
    }

    /// What nobody needs. If that fails, it is tried again later, longer each time.
    private func releaseUnknown(_ allocation: AllocationID) {
        let now = ContinuousClock.now
        let attempt = unknown[allocation] ?? (next: now, pause: interval)
        guard attempt.next <= now else { return }
        let pause = min(attempt.pause * 2, .seconds(3600))
        // As long as that takes, no other attempt begins.
        unknown[allocation] = (now + .seconds(86_400), pause)
        logger.notice("pool \(program.pool): nobody needs \(allocation): it is released")
        Task {
            do throws(AllocatorFault) {
                // Nobody knows whether someone was inside.
                try await release(allocation, data: nil, entered: true)
                unknown[allocation] = nil
            } catch {
                unknown[allocation] = (.now + pause, pause)
                logger.warning("pool \(program.pool): \(allocation) is not released: \(error.cause)")
            }
        }
    }
}
