/// What a Slurm job's state means for its builder: squeue(1), JOB STATE CODES.
struct SlurmState: Equatable, Sendable {
    enum Phase: Equatable, Sendable {
        case waiting
        /// It has a node.
        case running
        case suspended
        /// What it has started is being ended.
        case ending
        case ended
    }

    /// Slurm's word, in capitals.
    let word: String

    init(_ word: String) { self.word = word }

    var phase: Phase {
        switch word {
        case "PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT": .waiting
        case "CONFIGURING", "RUNNING", "RESIZING", "SIGNALING": .running
        case "SUSPENDED", "STOPPED": .suspended
        case "COMPLETING", "STAGE_OUT": .ending
        case "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY",
            "PREEMPTED", "REVOKED", "TIMEOUT":
            .ended
        // A later Slurm's: nothing is given up because of a word.
        default: .running
        }
    }

    /// Whether there is, or will be, a machine.
    var isAlive: Bool {
        switch phase {
        case .waiting, .running, .suspended: true
        case .ending, .ended: false
        }
    }

    /// Whether an end in this state says nothing about the builder, so that another node can have it.
    var isTheClusters: Bool { ["BOOT_FAIL", "NODE_FAIL", "PREEMPTED", "REVOKED"].contains(word) }

    /// What has happened to a job before its builder was ready.
    func sentence(node: String?) -> String {
        let place = node.map { "the node \($0)" } ?? "its node"
        return switch word {
        case "BOOT_FAIL": "\(place) did not start"
        case "CANCELLED": "the builder's Slurm job was cancelled on the cluster"
        case "COMPLETED": "the builder ended on \(place) before it was ready"
        case "DEADLINE": "the cluster could not start the builder before its deadline"
        case "FAILED":
            "the builder's Slurm job failed on \(place) without saying why: is sallyport-machine there?"
        case "NODE_FAIL": "\(place) failed while the builder started"
        case "OUT_OF_MEMORY": "the builder's Slurm job had too little memory on \(place)"
        case "PREEMPTED": "the cluster gave the builder's place on \(place) to a more important job"
        case "REVOKED": "another cluster has taken the builder's Slurm job"
        case "TIMEOUT": "the time limit of the builder's Slurm job passed before it was ready"
        default: "the builder's Slurm job has ended: \(word)"
        }
    }
}
