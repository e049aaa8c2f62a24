import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Glibc
import Logging
import Provider

/// A builder that has dialled a gateway because its provider has made it do so.
extension LiveJob {
    /// A machine has dialled with the key of this job's allocation.
    ///
    /// - Parameters:
    ///   - isHere: whether its gateway is on this host.
    ///   - until: when it ends by itself, as it says.
    func dialled(
        _ machine: NewMachine, for allocation: AllocationID, isHere: Bool, until: Date?
    ) async throws(RunnerError) -> Attachment {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        guard record.attachment == nil else {
            throw RunnerError(
                .conflict,
                "The key \(machine.key.fingerprint) is good for one machine, and job \(id) has it already.")
        }
        guard self.allocation?.id == allocation, !record.job.status.isFinal, let arrival else {
            throw RunnerError(.conflict, "Job \(id) expects no machine at the moment.")
        }
        guard isHere else {
            let sentence =
                "the machine has dialled a gateway on another host than the build service, which cannot use it there"
            arrival.refuse(AllocationFailure(.failed, sentence))
            throw RunnerError(
                .forbidden, "This build service can use machines only at a gateway on its own host.")
        }
        let (secret, attachmentID) = (AttachmentSecret(), MachineAttachment.newID())
        let certifies = context.pools.hostAuthority != nil
        await apply {
            $0.machineDialled(
                machine, as: attachmentID, secret: secret.hash, isCertified: certifies, until: until, at: $1)
        }
        let certificates = await certificates()
        if certificates == nil, certifies {
            await apply { lifecycle, _ in
                lifecycle.record.job.builder?.certified = false
                return []
            }
        }
        arrival.come(
            DialledMachine(endpoint: machine.endpoint, user: machine.user, hostKeys: machine.hostKeys))
        return try attachment(secret: secret, certificates: certificates)
    }

    /// The runner's way to the machine follows it to where its gateway reaches it now.
    func followMachine() {
        guard let machine, record.attachment != nil, let endpoint = record.job.builder?.endpoint else {
            return
        }
        do {
            try machine.moved(to: endpoint)
        } catch {
            logger.error("job \(id): the way to its machine is lost: \(error)")
        }
    }

    /// The job's machine has never been used, and neither has another runner: it waits for another one.
    func requeue() async {
        logger.info("job \(id): its machine has dialled, and an earlier runner could not use it")
        await apply { lifecycle, _ in lifecycle.machineForgotten() }
    }

    /// Seconds for which a machine can be connected, and not answer.
    private static let patience = 120.0
    /// An attempt that lasts so many seconds has reached the machine: no login takes that long, however often it is tried.
    private static let shortestUse = 150.0

    /// Does something on the builder that can be done again. A machine that has dialled can be away for a while: then it is done
    /// when that is back. ``Lifecycle`` decides when it is lost.
    func persistently<Value: Sendable>(
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        var silent: Date?
        while true {
            let start = timekeeper.now()
            do {
                return try await body()
            } catch let error as BuilderError where error.code == .connectionLost {
                guard let attachment = record.attachment else { throw error }
                try checkRunning()
                let now = timekeeper.now()
                let wasThere = attachment.awaySince != nil || now.timeIntervalSince(start) > Self.shortestUse
                silent = wasThere ? now : silent ?? now
                guard now.timeIntervalSince(silent ?? now) < Self.patience else { throw error }
                try await timekeeper.wait(context.nextAttempt)
            }
        }
    }
}
