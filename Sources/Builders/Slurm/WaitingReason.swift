/// Why a job waits in the queue: squeue(1), JOB REASON CODES.
struct WaitingReason: Equatable, Sendable {
    /// Slurm's word.
    let word: String

    /// - Parameter text: as squeue prints it: details can follow after a comma.
    init(_ text: String) { word = String(text.prefix { $0 != "," && $0 != " " }) }

    /// Whether it waits for ever unless an administrator changes something.
    var isHopeless: Bool {
        [
            "AssocMaxCpuPerJobLimit", "AssocMaxMemPerJob", "AssocMaxWallDurationPerJobLimit",
            "BadConstraints",
            "DeadLine", "InvalidAccount", "InvalidQOS", "PartitionTimeLimit",
            "QOSMaxCpuPerJobLimit", "QOSMaxMemoryPerJob", "QOSMaxWallDurationPerJobLimit",
        ].contains(word)
    }

    var sentence: String {
        switch word {
        case "None", "": "for the cluster's scheduler"
        case "Resources": "for a free node"
        case "Priority": "behind jobs that come before it"
        case "JobHeldAdmin", "JobHeldUser": "because someone holds it back (\(word))"
        case "ReqNodeNotAvail": "for nodes that are down or reserved"
        case "Reservation": "for its reservation"
        case "BeginTime": "for the time at which it can begin"
        case "Licenses": "for a licence"
        case "PartitionDown", "PartitionInactive": "for a partition that takes no jobs now (\(word))"
        case "PartitionTimeLimit":
            "in vain: its time is longer than the partition allows (PartitionTimeLimit)"
        case "BadConstraints": "in vain: no node has what it asks for (BadConstraints)"
        case "NodeDown": "for a node that is down"
        case _ where isHopeless: "in vain (\(word))"
        default: "because of \(word)"
        }
    }
}
