import FoundationEssentials
import NodeOrder

/// What to do about an allocation, by what the cluster says about the jobs of its name. No clock and no I/O.
enum AllocationVerdict: Equatable {
    /// There is no job.
    case submit
    /// There is one, whose builder is not ready. The sentence says how far it is.
    case wait(SlurmJob, String)
    case ready(SlurmJob, node: String, port: Int, hostKeys: [String], until: Date)
    /// This one has ended, and another one may do better.
    case notNow(String)
    case failed(String)

    /// - Parameters:
    ///   - jobs: all of that name, also ended ones.
    ///   - own: the number of the job that this allocation has submitted or found; nil: none so far.
    static func make(of jobs: [SlurmJob], own: Int?) -> AllocationVerdict {
        let alive = jobs.filter { $0.state.isAlive }.min { $0.number < $1.number }
        if let alive { return judge(alive) }
        if let ending = jobs.first(where: { $0.state.phase == .ending }) {
            // What an ending job has reported before says more than its end.
            if case .failed(let sentence) = ending.comment?.report, ending.number == own {
                return .failed(onNode(ending, sentence))
            }
            return .wait(ending, "Slurm job \(ending.number) is being ended")
        }
        guard let own else { return .submit }
        guard let ended = jobs.first(where: { $0.number == own }) else {
            return .notNow("the cluster no longer knows the Slurm job \(own)")
        }
        if case .failed(let sentence) = ended.comment?.report { return .failed(onNode(ended, sentence)) }
        let sentence = ended.state.sentence(node: ended.node)
        return ended.state.isTheClusters ? .notNow(sentence) : .failed(sentence)
    }

    private static func judge(_ job: SlurmJob) -> AllocationVerdict {
        let name = "Slurm job \(job.number)"
        guard job.state.phase != .waiting else {
            let reason = WaitingReason(job.reason)
            let sentence = "\(name) waits \(reason.sentence)"
            return reason.isHopeless ? .failed(sentence) : .wait(job, sentence)
        }
        guard let node = job.node else { return .wait(job, "\(name) is given a node") }
        guard job.state.phase != .suspended else {
            return .wait(job, "\(name) is suspended on \(node): the cluster needs its place")
        }
        return switch job.comment?.report {
        case .ready(let port, let hostKeys):
            if let end = job.end {
                .ready(job, node: node, port: port, hostKeys: hostKeys, until: end)
            } else {
                .wait(job, "\(name) on \(node) has no time limit yet")
            }
        // It is about to end.
        case .failed(let sentence): .failed(onNode(job, sentence))
        case nil where job.state.word == "CONFIGURING": .wait(job, "\(name): \(node) is being prepared")
        case nil: .wait(job, "\(name) runs on \(node), and its builder boots")
        }
    }

    private static func onNode(_ job: SlurmJob, _ sentence: String) -> String {
        job.node.map { "\($0): \(sentence)" } ?? sentence
    }
}
