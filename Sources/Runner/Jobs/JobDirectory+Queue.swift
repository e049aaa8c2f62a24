import BuildAPI
import ConfigurationFile
import Presentation

/// Why a job waits.
enum WaitReason: Equatable, Sendable {
    /// The owner has too many kept builders for another to start; some of them by name.
    case kept(Int, named: [JobID])
    /// Every slot is taken. The owner could release these.
    case slots(kept: [JobID])

    /// The line for the job's log: what the job waits for, and how to free it.
    func sentence(slots: Int) -> String {
        switch self {
        case .kept(let count, let named):
            let these = named.isEmpty ? "one" : Self.list(named, "or")
            return "waits: you have \(count.counted("kept builder")); release \(these)"
        case .slots where slots == 0: return "waits: this build service has no builders at the moment"
        case .slots(let jobs):
            let free = jobs.isEmpty ? "" : "; you can release \(Self.list(jobs, "or"))"
            return "waits: all builders (\(slots)) are in use\(free)"
        }
    }

    /// `43, 42 or 41`: the newest ones.
    static func list(_ jobs: [JobID], _ conjunction: String) -> String {
        let newest = jobs.reversed().prefix(5).map(\.description)
        guard let last = newest.last, newest.count > 1 else { return newest.first ?? "" }
        return newest.dropLast().joined(separator: ", ") + " \(conjunction) \(last)"
    }
}

/// The jobs that wait for a builder.
extension JobDirectory {
    /// Starts waiting jobs while there are slots, each in its turn; a job whose owner has reached the limit lets
    /// others pass. A kept builder keeps its slot, because it keeps its memory.
    func fillSlots() {
        guard startsJobs else { return }
        for id in queue {
            guard let entry = entries[id] else { continue }
            if let reason = whatKeeps(entry.shown.job) {
                waits(id, for: reason)
            } else {
                queue.removeAll { $0 == id }
                giveSlot(to: id)
                _Concurrency.Task { await entry.job.start() }
            }
        }
    }

    /// What keeps this job from starting now.
    private func whatKeeps(_ job: Job) -> WaitReason? {
        let kept = entries.values.map(\.shown.job)
            .filter { $0.owner.id == job.owner.id && $0.builder?.state == .kept }
        // Other people can read this log, and must not learn of private jobs.
        let named = kept.filter { job.visibility == .private || $0.visibility != .private }.map(\.id).inOrder
        if kept.count >= settings.limits.keptPerOwner { return .kept(kept.count, named: named) }
        return entries.values.count(where: \.hasSlot) < settings.slots ? nil : .slots(kept: named)
    }
}

extension Collection<JobID> {
    /// Oldest first: the runner's ids are numbers that count up.
    var inOrder: [JobID] {
        sorted { (Int64($0.description) ?? 0) < (Int64($1.description) ?? 0) }
    }
}
