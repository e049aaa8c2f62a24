import BuildAPI
import ConfigurationFile
import Connections
import Presentation

/// Whether one more machine can attach itself, among those that are here.
struct AttachmentLimits: Sendable {
    /// What counts of a machine that is attached, or is being attached.
    struct Machine: Equatable, Sendable {
        /// Nil while its job is being stored.
        var job: JobID?
        var owner: Party
        /// An IPv4 address, or an IPv6 /64.
        var block: AddressBlock?
        var name: String?
    }

    /// Those that are here.
    let machines: [Machine]
    let limits: Configuration.Runner.Limits

    /// Throws if it is one too many, or its name is taken.
    ///
    /// - Parameter address: as people read it.
    func check(_ new: Machine, from address: String) throws(RunnerError) {
        let own = machines.filter { $0.owner.isSame(as: new.owner) }
        if let name = new.name, let other = own.first(where: { $0.name == name }) {
            let holder = other.job.map { "job \($0)" } ?? "a job that begins at this moment"
            throw RunnerError(
                .conflict,
                "The name \(name) is taken: \(holder) of \(new.owner.name) has it until its machine ends. Choose another one."
            )
        }
        guard machines.count < limits.attachments else {
            throw tooMany(
                .attachments, limits.attachments,
                "\(machines.count.counted("machine")) are attached here, which is the limit of this service: try again later, or ask the administrator to raise it (attachments)."
            )
        }
        guard own.count < limits.attachmentsPerOwner else {
            let jobs = WaitReason.list(own.compactMap(\.job).inOrder, "or")
            throw tooMany(
                .attachmentsPerOwner, limits.attachmentsPerOwner,
                "\(new.owner.name) already has \(own.count.counted("attached machine")), which is the limit: release job \(jobs), or try again later."
            )
        }
        guard machines.count(where: { $0.block == new.block }) < limits.attachmentsPerAddress else {
            throw tooMany(
                .attachmentsPerAddress, limits.attachmentsPerAddress,
                "\(limits.attachmentsPerAddress.counted("machine")) from the address \(address) are attached here, which is the limit for one address: try again when one of them has ended."
            )
        }
    }

    private func tooMany(_ limit: Limit, _ most: Int, _ sentence: String) -> RunnerError {
        RunnerError(.tooMany(.init(what: "attached machines", limit: most)), sentence, limit: limit)
    }
}
