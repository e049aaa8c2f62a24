import BuildService
import FoundationEssentials

/// The times that the administrator has configured, in seconds.
struct Terms: Equatable, Sendable {
    /// How long a builder waits for somebody to come, or to come back.
    var keep: Int
    /// How long a claim stands without a heartbeat.
    var lease: UInt32
    /// How long a builder lives at most.
    var maxLife: Int
    /// What a person enters to log in to a builder, but for the job: `ssh -t … connect`.
    var login = "ssh -t … connect"
}

/// The kinds of events of API v1.
enum JobEvent: String, Sendable {
    case status, task, builder, deadline, session
}

/// What is to be done after a change, in this order.
enum Effect: Equatable, Sendable {
    /// A line for the job's own log.
    case log(String)
    case publish(JobEvent)
    /// A record of who came and went, for the administrator.
    case audit(String)
    /// The builder's own watchdog is to know of the new deadline.
    case moveDeadline
    /// Nobody has a use for the builder any more.
    case endBuilder
}

/// Decides what becomes of a job and of its builder. No I/O, no clock: events in, effects out.
///
/// In one sentence each: a job that fails keeps its builder, one that succeeds does so only when its manifest says
/// `shell: true` or somebody is inside. Claims hold a kept builder. When the last shell logs out the builder ends;
/// when a session goes in any other way, the keep-time starts anew. A timeout, a cancellation and max_life end the
/// builder whoever is inside. Nothing that a session does ends a builder whose tasks still run.
struct Lifecycle: Sendable {
    var record: JobRecord
    let terms: Terms

    /// When something will happen by itself; nil: never.
    var nextMoment: Date? {
        guard let builder = record.job.builder else { return nil }
        var moments = record.claims.map(\.expires)
        if let end = record.job.maxDeadline { moments.append(end) }
        if !record.job.status.isFinal, let timeout { moments.append(timeout) }
        if record.claims.isEmpty, let until = builder.keptUntil { moments.append(until) }
        return moments.min()
    }

    /// When the tasks must have ended.
    private var timeout: Date? { record.builderStarted?.addingTimeInterval(Double(record.manifest.timeout)) }

    // MARK: The builder and its tasks

    mutating func queue() -> [Effect] {
        record.job.status = .queued
        return [.log("queued"), .publish(.status)]
    }

    /// A machine has been started and boots.
    mutating func builderStarted(
        address: String, port: UInt16, user: String, hostKeys: [String], at now: Date
    ) -> [Effect] {
        record.job.status = .running
        record.builderStarted = now
        record.job.builder = Job.Builder(
            state: .booting, address: address, port: port, user: user, hostKeys: hostKeys)
        record.job.maxDeadline = now.addingTimeInterval(Double(terms.maxLife))
        return [.log("booting the builder"), .publish(.status)] + updateDeadline()
    }

    mutating func builderReady(at now: Date) -> [Effect] {
        record.job.builder?.state = .ready
        let seconds = record.builderStarted.map { now.timeIntervalSince($0) } ?? 0
        let tenths = Int((seconds * 10).rounded())
        return [.log("builder ready after \(tenths / 10).\(tenths % 10) s"), .publish(.builder)]
    }

    mutating func taskStarted(_ name: String, at now: Date) -> [Effect] {
        guard let index = record.job.tasks.firstIndex(where: { $0.name == name }) else { return [] }
        record.job.tasks[index].status = .running
        record.job.tasks[index].started = now
        return [.log("task \(name): started"), .publish(.task)]
    }

    mutating func taskEnded(_ name: String, exitStatus: Int, at now: Date) -> [Effect] {
        guard !record.job.status.isFinal,
            let index = record.job.tasks.firstIndex(where: { $0.name == name })
        else { return [] }
        record.job.tasks[index].status = exitStatus == 0 ? .success : .failed
        record.job.tasks[index].ended = now
        record.job.tasks[index].exitStatus = exitStatus
        let effects: [Effect] = [.log("task \(name): exit \(exitStatus)"), .publish(.task)]
        return exitStatus == 0 ? effects : effects + finish(.failed, at: now)
    }

    /// Every task has succeeded.
    mutating func tasksEnded(at now: Date) -> [Effect] {
        record.job.status.isFinal ? [] : finish(.success, at: now)
    }

    /// The service could not go on with the job. The builder is worth a look only if it has been ready.
    mutating func failed(because reason: String, at now: Date) -> [Effect] {
        guard !record.job.status.isFinal else { return [] }
        let wasReady = record.job.builder?.state == .ready
        return [.log(reason)] + finish(.failed, keepsBuilder: wasReady, at: now)
    }

    /// The machine is gone, asked for or not.
    mutating func builderEnded(at now: Date) -> [Effect] {
        guard record.job.builder != nil else { return [] }
        var effects: [Effect] = []
        if !record.job.status.isFinal {
            effects.append(.log("the builder has ended unexpectedly"))
            effects += finish(.failed, keepsBuilder: false, at: now)
        } else {
            effects += loseBuilder()
        }
        return effects.filter { $0 != .endBuilder }
    }

    mutating func cancelled(at now: Date) -> [Effect] {
        guard !record.job.status.isFinal else { return [] }
        return [.log("cancelled")] + finish(.cancelled, at: now)
    }

    /// What is due by now: leases, timeout, keep-time, max_life.
    mutating func timePassed(at now: Date) -> [Effect] {
        guard record.job.builder != nil else { return [] }
        var effects: [Effect] = []
        for claim in record.claims where claim.expires <= now {
            effects.append(.audit("session \(claim.session): its lease has run out"))
            effects += released(claim.id, reason: .lost, at: now)
        }
        if !record.job.status.isFinal, let timeout, timeout <= now {
            effects.append(.log("timeout: the tasks have not ended within \(record.manifest.timeout) s"))
            return effects + finish(.timeout, at: now)
        }
        if let end = record.job.maxDeadline, end <= now {
            if record.job.status.isFinal { return effects + endBuilder() }
            effects.append(.log("timeout: a builder lives at most \(terms.maxLife) s here"))
            return effects + finish(.timeout, at: now)
        }
        if record.claims.isEmpty, let until = record.job.builder?.keptUntil, until <= now {
            effects += endBuilder()
        }
        return effects
    }

    // MARK: Ends

    private mutating func finish(_ status: Job.Status, keepsBuilder: Bool? = nil, at now: Date) -> [Effect] {
        record.job.status = status
        for index in record.job.tasks.indices {
            switch record.job.tasks[index].status {
            case .pending: record.job.tasks[index].status = .skipped
            case .running:
                record.job.tasks[index].status = .failed
                record.job.tasks[index].ended = now
            case .success, .failed, .skipped: break
            }
        }
        let isKept =
            keepsBuilder
            ?? Self.isKept(after: status, shell: record.manifest.shell, isClaimed: !record.claims.isEmpty)
        guard isKept, record.job.builder != nil else {
            return [.log(status.rawValue), .publish(.status)] + endBuilder()
        }
        record.job.builder?.state = .kept
        let effects = keepAnew(at: now)
        let until = record.job.builder?.keptUntil.map { $0.formatted(.iso8601) } ?? ""
        let kept = "the builder is kept until \(until): \(terms.login) \(record.job.id)"
        return [.log(status.rawValue), .log(kept), .publish(.status)] + effects
    }

    /// Whether a builder stays when its job has ended like that.
    static func isKept(after status: Job.Status, shell: Bool, isClaimed: Bool) -> Bool {
        switch status {
        case .failed: true
        case .success: shell || isClaimed
        case .timeout, .cancelled: false
        case .pending, .queued, .running: true
        }
    }

    /// Starts the keep-time; it counts only while nobody is inside.
    mutating func keepAnew(at now: Date) -> [Effect] {
        let until = now.addingTimeInterval(Double(terms.keep))
        record.job.builder?.keptUntil = min(until, record.job.maxDeadline ?? until)
        return updateDeadline()
    }

    /// The job's deadline is when the builder will end if nothing else happens: while the tasks run, at their
    /// timeout; then at the end of the keep-time or, as long as somebody is inside, at the end of max_life.
    mutating func updateDeadline() -> [Effect] {
        let latest = record.job.maxDeadline
        let deadline: Date? =
            if record.job.builder == nil {
                nil
            } else if !record.job.status.isFinal {
                timeout
            } else if record.claims.isEmpty {
                record.job.builder?.keptUntil
            } else {
                latest
            }
        let bounded = deadline.map { min($0, latest ?? $0) }
        guard bounded != record.job.deadline else { return [] }
        record.job.deadline = bounded
        return bounded == nil ? [.publish(.deadline)] : [.publish(.deadline), .moveDeadline]
    }

    mutating func endBuilder() -> [Effect] {
        record.job.builder == nil ? [] : loseBuilder() + [.endBuilder]
    }

    private mutating func loseBuilder() -> [Effect] {
        let audits = record.claims.map { Effect.audit("session \($0.session): ended with its builder") }
        record.job.builder = nil
        record.job.deadline = nil
        record.claims = []
        record.job.sessions = []
        return audits + [.publish(.builder)]
    }
}
