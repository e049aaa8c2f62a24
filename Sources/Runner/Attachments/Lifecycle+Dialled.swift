import AuthorizedKeys
import BuildAPI
import FoundationEssentials

/// Builders that have dialled a gateway because their provider has made them do so. Their connections are those of attached
/// machines; everything else is as with every builder.
extension Lifecycle {
    /// The machine of the job's allocation has dialled.
    ///
    /// - Parameters:
    ///   - isCertified: whether its host keys are.
    ///   - until: when it ends by itself, as it says.
    mutating func machineDialled(
        _ machine: NewMachine, as id: String, secret: AttachmentSecret.Hash, isCertified: Bool, until: Date?,
        at now: Date
    ) -> [Effect] {
        guard !record.job.status.isFinal else { return [] }
        record.attachment = MachineAttachment(
            id: id, secret: secret, expires: now.addingTimeInterval(Double(times.lease)), wait: times.keep,
            idle: times.keep)
        record.job.attached = .init(
            from: machine.from, key: machine.key.fingerprint, system: machine.system,
            architecture: machine.architecture, until: machine.until, gateway: machine.gateway)
        let words = "the machine has dialled from \(machine.from)"
        let effects = builderStarted(
            endpoint: machine.endpoint, user: machine.user, hostKeys: machine.hostKeys, until: until, at: now)
        record.job.builder?.certified = isCertified ? nil : false
        return [.audit("\(words) with the key \(machine.key.fingerprint)"), .log(words)] + effects
    }

    /// Its provider has answered, and says when it takes the machine back.
    mutating func builderPromised(until moment: Date?) -> [Effect] {
        record.until = [record.until, moment].compactMap(\.self).min()
        return updateDeadline()
    }

    /// A runner has died before it could use the machine: the job waits for another one.
    mutating func machineForgotten() -> [Effect] {
        guard !record.job.status.isFinal else { return [] }
        (record.attachment, record.job.attached, record.job.builder) = (nil, nil, nil)
        (record.builderStarted, record.until) = (nil, nil)
        return [.audit("the machine that has dialled is given up")] + queue() + updateDeadline()
    }
}
