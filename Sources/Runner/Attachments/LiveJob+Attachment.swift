import BuildAPI
import FoundationEssentials
import Glibc
import Logging
import Policy

/// Why an attachment has ended (API v1).
enum AttachmentEnd: String, Sendable {
    /// The machine has left.
    case bye
    /// Its CI has cancelled it.
    case cancelled
    /// Its connection is gone; it can come back.
    case lost
}

/// The job of an attached machine: what its gateway asks of it.
extension LiveJob {
    static let noAttachment = RunnerError(
        .gone, "This attachment has ended: its job is finished, or the machine has attached itself again.")

    /// It has just been stored.
    ///
    /// - Parameters:
    ///   - machine: what it says of its command.
    ///   - isCertified: whether its host keys are.
    func attached(_ machine: NewMachine, isCertified: Bool) async {
        if !machine.sendsLog { logs[MachineAttachment.task]?.end() }
        await apply { lifecycle, now in
            let effects = lifecycle.attached(isCertified: isCertified)
            return machine.isRunning
                ? effects : effects + lifecycle.commandEnded(exitStatus: machine.exitStatus, at: now)
        }
    }

    /// An earlier runner has left it. Its gateway could not send heartbeats.
    func adoptMachine() async {
        logger.info("job \(id): its attached machine is expected")
        await apply { $0.renewAll(at: $1) + $0.timePassed(at: $1) }
    }

    /// Of the machine's host keys; nil: nothing certifies them, and people compare the plain ones.
    func certificates() async -> [String]? {
        guard context.pools.hostAuthority != nil, let builder = record.job.builder else { return nil }
        let settings = context.settings
        let longest = settings.times.maxTimeout + settings.times.maxLife
        let life = record.until.map { max(1, Int($0.timeIntervalSince(timekeeper.now()))) } ?? longest
        do throws(RunnerError) {
            return try await AttachedCertificates(
                folder: settings.stateFolder, names: settings.hostNames(of: id),
                life: min(life, longest) + settings.grace
            ).sign(builder.hostKeys, of: id)
        } catch {
            logger.warning("job \(id): \(error.debugDescription)")
            return nil
        }
    }

    /// What the gateway is told.
    func attachment(
        secret: AttachmentSecret? = nil, certificates: [String]? = nil
    ) throws(RunnerError) -> Attachment {
        guard let id = record.attachment?.id else { throw Self.noAttachment }
        return Attachment(
            id: id, job: record.job, lease: lifecycle.times.lease, reconnect: UInt32(Lifecycle.reconnect),
            certificates: certificates, secret: secret?.word,
            serviceUser: record.hasAttachedItself ? nil : geteuid())
    }

    func heartbeat(ofAttachment id: String) async throws(RunnerError) -> Attachment {
        try requireAttachment(id)
        if let revocation = try await revocation() {
            await apply { $0.attachmentRevoked(because: revocation, at: $1) }
            throw RunnerError(.gone, revocation)
        }
        try requireAttachment(id)
        // Most heartbeats change nothing that has to be stored.
        if record.attachment?.awaySince == nil {
            renewMachine()
        } else {
            await apply { $0.machineRenewed(at: $1) }
        }
        return try attachment()
    }

    func commandEnded(
        exitStatus: Int, attachment id: String
    ) async throws(RunnerError) -> Attachment {
        try requireAttachment(id)
        await apply { $0.commandEnded(exitStatus: exitStatus, at: $1) }
        return try attachment()
    }

    func endAttachment(_ id: String, _ end: AttachmentEnd) async throws(RunnerError) {
        try requireAttachment(id)
        await apply {
            end == .lost ? $0.machineWentAway(at: $1) : $0.machineLeft(isCancelled: end == .cancelled, at: $1)
        }
    }

    /// Whether this is the secret of the job's machine, and the key with which it has attached itself.
    func hasSecret(_ word: String, fingerprint: String) -> Bool {
        record.attachment?.secret.isOf(word) == true && record.job.attached?.key == fingerprint
    }

    /// - Parameters:
    ///   - hostKeys: those that the machine has now.
    ///   - isHere: whether its gateway is on this host.
    func resume(
        _ request: Resumption, hostKeys: [String], endpoint: Job.Builder.Endpoint, isHere: Bool
    ) async throws(RunnerError) -> Attachment {
        guard isHere || record.build.pool.isEmpty else {
            throw RunnerError(
                .forbidden, "This build service can use machines only at a gateway on its own host.")
        }
        guard let builder = record.job.builder else { throw RunnerError(.gone, "Job \(id) is finished.") }
        guard Set(builder.hostKeys) == Set(hostKeys) else {
            throw RunnerError(
                .conflict, "The machine has other host keys than the one that was job \(id).")
        }
        let secret = AttachmentSecret()
        noteGap()
        postponeLogEnd()
        await apply {
            $0.machineResumed(
                as: MachineAttachment.newID(), secret: secret.hash, endpoint: endpoint, from: request.from,
                gateway: request.gateway, at: $1)
        }
        let certificates = await certificates()
        // The gateway lets the runner in as soon as it has the answer.
        followMachine()
        return try attachment(secret: secret, certificates: certificates)
    }

    /// What the gateway of a machine is told that somebody has adopted: each time with another secret, because an answer can
    /// be lost.
    func handOver(attachment id: String) async throws(RunnerError) -> Attachment {
        try requireAttachment(id)
        let secret = AttachmentSecret()
        await apply { $0.machineHandedOver(secret: secret.hash, at: $1) }
        return try attachment(secret: secret, certificates: await certificates())
    }

    func requireAttachment(_ id: String) throws(RunnerError) {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        guard record.job.builder != nil, record.attachment?.id == id else { throw Self.noAttachment }
    }

    /// Why the machine has to leave; nil: it has not to.
    private func revocation() async throws(RunnerError) -> String? {
        // That of an allocation counts as long as this.
        guard record.hasAttachedItself, let fingerprint = record.job.attached?.key else { return nil }
        guard record.job.attached?.adopted != true else { return try await suspension() }
        let key = try await context.people.presentKey(fingerprint)
        do throws(Denial) {
            _ = try Principal.identify(key, fingerprint: fingerprint, for: .attaching)
            return nil
        } catch .suspended {
            return "The owner of the key \(fingerprint) is suspended."
        } catch {
            return "The key \(fingerprint) is no longer known here."
        }
    }

    /// A machine that somebody has adopted is theirs, whatever becomes of its key.
    private func suspension() async throws(RunnerError) -> String? {
        let owner = record.job.owner
        guard let account = try await context.store.account(owner.id), !account.suspended else {
            return "The owner, \(owner.name), is suspended."
        }
        return nil
    }
}
