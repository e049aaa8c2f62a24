import Audit
import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Provider

/// The kinds of events of API v1.
enum JobEvent: String, Sendable {
    case status, task, builder, deadline, session
    /// Nothing about the job: something about the person for whom it is watched.
    case person
}

/// What to do after a change, in this order.
enum Effect: Equatable, Sendable {
    /// A line for the job's own log.
    case log(String)
    /// No line of any log follows.
    case closeLogs
    case publish(JobEvent)
    /// A record for the administrator: a sentence for the log, and what the audit says.
    case audit(String, AuditRecord)
    /// Tell the builder's own watchdog the new deadline.
    case moveDeadline
    /// Tell the builder about the people inside, if it does not know yet.
    case tellPeople
    /// Nobody needs the builder any more.
    case endBuilder
    /// The builder of that job ends, because its owner can have no more kept ones.
    case makeRoom(instead: JobID)

    var isPublication: Bool {
        if case .publish = self { true } else { false }
    }
}

/// Decides what happens to a job and its builder. No I/O, no clock: events in, effects out.
///
/// In short: a failed job keeps its builder, unless its manifest says `keep: never` or its owner has as many kept ones as
/// they can have; a successful one keeps it only if its manifest says `keep: always`. While someone is inside, or it is
/// held, it is kept in any case. A kept builder waits for its keep-time; from the first claim on it
/// has a deadline, at which it ends even if people are inside. Until then claims hold it. When the last session ends,
/// the keep-time starts again; if the administrator wants every machine back, the builder ends instead when its owner
/// has logged out of the last shell, unless it is held. A timeout and a cancellation end the builder even if people are
/// inside. Nothing that a session does ends a builder whose tasks still run.
struct Lifecycle: Sendable {
    var record: JobRecord
    let times: Times

    init(record: JobRecord, times: Times) {
        self.record = record
        self.times = times
        // The administrator can have changed this since the job was stored.
        self.record.job.logout = times.logout
        // Earlier versions have set it at the builder's start.
        if !record.job.status.isFinal { self.record.job.maxDeadline = nil }
    }

    /// When something will happen by itself; nil: never.
    var nextMoment: Date? {
        guard record.job.builder != nil else { return nil }
        var moments = record.claims.map(\.expires)
        if let end = record.job.maxDeadline { moments.append(end) }
        if !record.job.status.isFinal, let timeout { moments.append(timeout) }
        if let due { moments.append(due.moment) }
        if let attachmentMoment { moments.append(attachmentMoment) }
        return moments.min()
    }

    // MARK: The builder and its tasks

    /// The only place where a status changes: that of a job that has ended never does, however late anything arrives.
    ///
    /// - Returns: whether it has changed.
    mutating func advance(to status: Job.Status) -> Bool {
        guard !record.job.status.isFinal else { return false }
        record.job.status = status
        return true
    }

    mutating func queue() -> [Effect] {
        guard advance(to: .queued) else { return [] }
        return [.log("queued"), .publish(.status)]
    }

    /// - Parameter reason: why it has no builder yet, in a line for people; nil: it is its turn.
    mutating func waits(for reason: String?) -> [Effect] {
        guard record.job.builder == nil, !record.job.status.isFinal, record.job.waits != reason else {
            return []
        }
        record.job.waits = reason
        return [.publish(.status)]
    }

    /// A machine has been started and boots.
    mutating func builderStarted(
        endpoint: Job.Builder.Endpoint, user: String, hostKeys: [String],
        execution: BuilderExecution = BuilderExecution(), until: Date? = nil, at now: Date
    ) -> [Effect] {
        guard advance(to: .running) else { return [] }
        record.job.waits = nil
        record.until = until
        record.builderStarted = now
        record.job.builderEnd = nil
        record.job.builder = Job.Builder(
            state: .booting, endpoint: endpoint, user: user, hostKeys: hostKeys,
            accelerator: execution.accelerator, isolated: execution.isIsolated)
        return [.log("booting the builder"), .publish(.status)] + updateDeadline()
    }

    mutating func builderReady(_ ready: ReadyBuilder, at now: Date) -> [Effect] {
        record.job.builder?.state = .ready
        // One that has dialled has got its certificates then.
        if record.attachment == nil { record.job.builder?.certified = ready.isCertified ? nil : false }
        let remarks = ready.firstKeys.map { trust(firstKeys: $0) } ?? []
        let seconds = record.builderStarted.map { now.timeIntervalSince($0) } ?? 0
        let tenths = Int((seconds * 10).rounded())
        return [.log("builder ready after \(tenths / 10).\(tenths % 10) s")] + remarks + [.publish(.builder)]
    }

    /// Nobody vouches for the builder's host keys.
    private mutating func trust(firstKeys keys: [String]) -> [Effect] {
        record.job.builder?.hostKeys = keys
        record.job.builder?.firstUse = true
        let prints = keys.compactMap { try? PublicKey.parse(line: $0).key.fingerprint }.joined(
            separator: ", ")
        let sentence =
            "the builder is known by the host keys that it has shown first, and nobody vouches for them"
        return [.log("\(sentence): \(prints)"), .audit("\(sentence): \(prints)")]
    }

    mutating func taskStarted(_ name: String, at now: Date) -> [Effect] {
        guard !record.job.status.isFinal,
            let index = record.job.tasks.firstIndex(where: { $0.name == name })
        else { return [] }
        record.job.tasks[index].status = .running
        record.job.tasks[index].started = now
        return [.log("task \(name): started"), .publish(.task)]
    }

    mutating func taskEnded(
        _ name: String, exitStatus: Int, shortage: Job.Task.Shortage? = nil, completesBuild: Bool = false,
        room: KeptRoom = .free, at now: Date
    ) -> [Effect] {
        guard !record.job.status.isFinal,
            let index = record.job.tasks.firstIndex(where: { $0.name == name })
        else { return [] }
        record.job.tasks[index].status = exitStatus == 0 ? .success : .failed
        record.job.tasks[index].ended = now
        record.job.tasks[index].exitStatus = exitStatus
        record.job.tasks[index].shortage = shortage
        let effects: [Effect] = [.log("task \(name): exit \(exitStatus)"), .publish(.task)]
        guard exitStatus == 0 else { return effects + finish(.failed, room: room, at: now) }
        guard completesBuild else { return effects }
        record.job.tasks[index].completeBuild = true
        let end = Effect.log("task \(name): complete-build: the job ends here, as a success")
        return effects + [end] + finish(.success, room: room, at: now)
    }

    /// Every task has succeeded, or none is to be run.
    mutating func tasksEnded(room: KeptRoom = .free, at now: Date) -> [Effect] {
        guard !record.job.status.isFinal else { return [] }
        let remark = record.job.rerun.flatMap {
            $0.fresh ? Effect.log("as in job \($0.of), but nothing is run") : nil
        }
        return [remark].compactMap(\.self) + finish(.success, room: room, at: now)
    }

    /// The service could not continue the job. The builder is worth keeping only if it was ready.
    mutating func failed(because reason: String, room: KeptRoom = .free, at now: Date) -> [Effect] {
        guard !record.job.status.isFinal else { return [] }
        let wasReady = record.job.builder?.state == .ready
        // There may never have been a builder that can end.
        if !wasReady { record.job.builderEnd = .init(reason: .fault) }
        let blame = "this is a fault of the build service, not of the build: tell the administrator"
        return [.log(reason), .log(blame)]
            + finish(.failed, endingBuilder: wasReady ? nil : .init(reason: .fault), room: room, at: now)
    }

    /// The machine is gone, expectedly or not.
    ///
    /// - Parameter reason: nil: it has ended by itself, as it does soon after its deadline.
    mutating func builderEnded(_ reason: Job.BuilderEnd.Reason? = nil, at now: Date) -> [Effect] {
        guard record.job.builder != nil else { return [] }
        var effects: [Effect] = []
        if !record.job.status.isFinal {
            effects.append(.log("the builder \(reason == nil ? "has ended unexpectedly" : "was released")"))
            effects += finish(.failed, endingBuilder: .init(reason: reason ?? .lost), at: now)
        } else {
            let isDue = due.map { $0.moment <= now } ?? false
            effects += loseBuilder(.init(reason: reason ?? (isDue ? due?.reason : nil) ?? .lost))
        }
        return effects.filter { $0 != .endBuilder }
    }

    mutating func cancelled(by requester: Requester = Requester(), at now: Date) -> [Effect] {
        guard !record.job.status.isFinal else { return [] }
        return [
            .audit(
                "cancelled" + requester.suffix(for: record.job),
                AuditRecord("cancel", by: requester, on: record.job)), .log("cancelled"),
        ]
            + finish(.cancelled, endingBuilder: .init(reason: .cancelled, by: requester.person), at: now)
    }

    /// Applies everything that is due: leases, timeout, deadlines.
    mutating func timePassed(at now: Date) -> [Effect] {
        guard record.job.builder != nil else { return [] }
        var effects: [Effect] = []
        for claim in record.claims where claim.expires <= now {
            effects.append(
                .audit("session \(claim.session): its lease has run out", AuditRecord(.change, claim)))
            effects += released(claim.id, reason: .lost, at: now)
        }
        effects += attachmentTimePassed(at: now)
        guard record.job.builder != nil else { return effects }
        if !record.job.status.isFinal, let timeout, timeout <= now {
            let isTakenBack = record.until.map { $0 <= now } ?? false
            let end = isTakenBack ? "while there was a builder" : "within \(secondsForTasks) s"
            effects.append(.log("timeout: the tasks did not end \(end)"))
            return effects + finish(.timeout, endingBuilder: .init(reason: .timeout), at: now)
        }
        if let due, due.moment <= now { effects += endBuilder(.init(reason: due.reason)) }
        return effects
    }
}
