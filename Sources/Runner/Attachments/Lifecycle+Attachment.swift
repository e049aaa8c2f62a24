import Audit
import BuildAPI
import FoundationEssentials
import Presentation

/// Machines that have dialled a gateway. They are there before their jobs, and come, go and come back by themselves.
extension Lifecycle {
    /// How many seconds a machine that is away can come back for.
    static let reconnect = 300

    /// The machine is there, and its job can be entered.
    ///
    /// - Parameter isCertified: whether its host keys are.
    mutating func attached(isCertified: Bool = false) -> [Effect] {
        record.job.builder?.certified = isCertified ? nil : false
        guard let attached = record.job.attached else { return [] }
        let name = record.job.name.map { ", named \($0)" } ?? ""
        let owner = (attached.adopted == true ? ", adopted by " : " for ") + record.job.owner.name
        var audit = AuditRecord(.change)
        audit[.verb] = attached.adopted == true ? "adopt" : "attach"
        audit.set(record.job.owner.person)
        audit[.from] = attached.from
        audit[.key] = attached.key
        return [
            .audit("attached from \(attached.from) with the key \(attached.key)\(owner)\(name)", audit),
            .log("a machine has attached itself"), .publish(.status),
        ] + updateDeadline()
    }

    /// The command there has ended, for a machine that has told when it began.
    ///
    /// - Parameter exitStatus: nil: it has failed, and nobody knows how.
    mutating func commandEnded(exitStatus: Int?, at now: Date) -> [Effect] {
        guard record.hasAttachedItself, record.job.builder != nil, !record.job.status.isFinal else {
            return []
        }
        guard let exitStatus else { return finish(.failed, at: now) }
        return taskEnded(MachineAttachment.task, exitStatus: exitStatus, at: now) + tasksEnded(at: now)
    }

    /// Whether the builder has nothing to wait for but the people inside: the command has succeeded, and nobody has held
    /// the builder or moved its deadline.
    var endsWhenLeft: Bool {
        record.hasAttachedItself && record.job.status == .success && !staysUntilDeadline
    }

    // MARK: Away and back

    /// When something becomes of the connection by itself.
    var attachmentMoment: Date? {
        guard let attachment = record.attachment else { return nil }
        return attachment.awaySince?.addingTimeInterval(Double(Self.reconnect)) ?? attachment.expires
    }

    /// The lease has run out, or the time for coming back has.
    mutating func attachmentTimePassed(at now: Date) -> [Effect] {
        guard let moment = attachmentMoment, moment <= now, record.job.builder != nil else { return [] }
        guard record.attachment?.awaySince != nil else {
            return away(because: "the machine's gateway has sent no heartbeat", at: now)
        }
        let words = "the machine is lost: it has not come back"
        guard !record.job.status.isFinal else {
            return [.audit(words)] + endBuilder(.init(reason: .lost))
        }
        return [.audit(words), .log(words)] + finish(.failed, endingBuilder: .init(reason: .lost), at: now)
    }

    /// The machine's connection is gone. It can come back.
    mutating func machineWentAway(at now: Date) -> [Effect] {
        record.attachment?.id = nil
        guard record.attachment?.awaySince == nil else { return [] }
        return away(because: "the machine has lost its connection", at: now)
    }

    private mutating func away(because words: String, at now: Date) -> [Effect] {
        record.attachment?.awaySince = now
        record.job.attached?.away = true
        return [
            .audit(words),
            .log("\(words); it can come back within \(SpokenDuration.written(Self.reconnect))"),
            .publish(.builder),
        ]
    }

    /// A heartbeat of the machine's gateway.
    mutating func machineRenewed(at now: Date) -> [Effect] {
        record.attachment?.expires = now.addingTimeInterval(Double(times.lease))
        guard record.attachment?.awaySince != nil else { return [] }
        return back(at: now)
    }

    /// The same machine has come back through a connection of its own.
    mutating func machineResumed(
        as id: String, secret: AttachmentSecret.Hash, endpoint: Job.Builder.Endpoint, from: String,
        gateway: String? = nil, at now: Date
    ) -> [Effect] {
        record.attachment?.id = id
        record.attachment?.secret = secret
        record.job.builder?.endpoint = endpoint
        record.job.attached?.from = from
        record.job.attached?.gateway = gateway
        return [.audit("attached again from \(from)")] + back(at: now)
    }

    /// Its gateway learns that somebody has adopted it.
    mutating func machineHandedOver(secret: AttachmentSecret.Hash, at now: Date) -> [Effect] {
        record.attachment?.secret = secret
        return machineRenewed(at: now)
    }

    private mutating func back(at now: Date) -> [Effect] {
        let wasAway = record.attachment?.awaySince != nil
        record.attachment?.expires = now.addingTimeInterval(Double(times.lease))
        record.attachment?.awaySince = nil
        record.job.attached?.away = nil
        return (wasAway ? [.log("the machine is back")] : []) + [.publish(.builder)]
    }

    /// Starts the lease again, or the time for coming back, after a restart.
    mutating func renewAttachment(at now: Date) {
        record.attachment?.expires = now.addingTimeInterval(Double(times.lease))
        if record.attachment?.awaySince != nil { record.attachment?.awaySince = now }
    }

    // MARK: The end

    /// The machine leaves for good.
    ///
    /// - Parameter isCancelled: whether the CI has cancelled it.
    mutating func machineLeft(isCancelled: Bool, at now: Date) -> [Effect] {
        guard record.hasAttachedItself else { return builderLeft(at: now) }
        let end = Job.BuilderEnd(reason: isCancelled ? .cancelled : .left)
        let words = isCancelled ? "cancelled by the machine's CI" : "the machine has left"
        guard !record.job.status.isFinal else { return [.audit(words)] + endBuilder(end) }
        return [.audit(words), .log(words)] + finish(.cancelled, endingBuilder: end, at: now)
    }

    /// The machine that a provider has allocated leaves: its tasks cannot go on.
    private mutating func builderLeft(at now: Date) -> [Effect] {
        let (end, words) = (Job.BuilderEnd(reason: .left), "the machine has left")
        guard !record.job.status.isFinal else { return [.audit(words)] + endBuilder(end) }
        return [.audit(words), .log(words)] + finish(.failed, endingBuilder: end, at: now)
    }

    /// Its key is no longer good for attaching.
    mutating func attachmentRevoked(because words: String, at now: Date) -> [Effect] {
        let end = Job.BuilderEnd(reason: .released)
        let sentence = "the machine has to leave: \(words)"
        guard !record.job.status.isFinal else { return [.audit(sentence)] + endBuilder(end) }
        return [.audit(sentence), .log("the machine has to leave: its key is no longer accepted")]
            + finish(.cancelled, endingBuilder: end, at: now)
    }
}
