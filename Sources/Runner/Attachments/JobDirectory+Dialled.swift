import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Provider

/// Machines that dial a gateway with the key of an allocation, for the API: they become the builders of jobs that are there.
extension JobDirectory {
    /// The key of an allocation that a job still needs, as gateways know it; nil: it is none.
    func attachKey(_ fingerprint: String) async -> Key? {
        guard let (key, allocation) = await context.allocations.attachKey(fingerprint),
            let job = entries[allocation.job]?.shown.job, !job.isOver
        else { return nil }
        return Key(
            fingerprint: fingerprint, type: key.type, key: key.base64, comment: "\(allocation.id)",
            owner: job.owner.person ?? job.submitter ?? job.owner.representative, suspended: false,
            limits: [.attach])
    }

    /// The machine becomes the builder of the job that the key is for; nil: the key is no allocation's.
    func attachBuilder(_ machine: NewMachine, isHere: Bool) async throws(RunnerError) -> Attachment? {
        let fingerprint = machine.key.fingerprint
        guard let allocation = await context.allocations.attachKey(fingerprint)?.allocation else {
            return nil
        }
        let until = try until(of: machine)
        return try await with(allocation.job) { job throws(RunnerError) in
            let attachment = try await job.dialled(machine, for: allocation.id, isHere: isHere, until: until)
            attachedJobs[attachment.id] = allocation.job
            return attachment
        }
    }

    /// Whether the key is the one with which this job's machine has dialled, and counts still.
    func isAttachKey(_ fingerprint: String, of job: JobID) async -> Bool {
        await context.allocations.attachKey(fingerprint)?.allocation.job == job
    }

    /// Such a key does nothing but bring the machine of its allocation.
    func refuseAttachKey(_ fingerprint: String) async throws(RunnerError) {
        guard await context.allocations.attachKey(fingerprint) == nil else {
            throw RunnerError(
                .forbidden, "The key \(fingerprint) is for one job's machine, which nobody can adopt.")
        }
    }
}
