import BuildAPI
import ConfigurationFile
import Logging
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
extension JobBook {
    /// Starts waiting jobs while there are slots, each in its turn; a job whose owner has reached the limit lets
    /// others pass. A kept builder keeps its slot, because it keeps its memory.
    func fillSlots() {
        guard !isStopping, !isTakingOver else { return }
        for id in queue {
            guard let shortage = shortage(for: id) else {
                queue.removeAll { $0 == id }
                start(id)
                continue
            }
            guard entries[id]?.waitsFor != shortage else { continue }
            entries[id]?.waitsFor = shortage
            log(shortage.sentence(slots: settings.slots), id)
        }
    }

    /// What keeps this job from starting now.
    private func shortage(for id: JobID) -> WaitReason? {
        guard let owner = entries[id]?.record.job.owner.id else { return nil }
        let kept = entries.values.map(\.record.job)
            .filter { $0.owner.id == owner && $0.builder?.state == .kept }
        // Other people can read this log, and must not learn of private jobs.
        let isPrivate = entries[id]?.record.job.visibility == .private
        let named = kept.filter { isPrivate || $0.visibility != .private }.map(\.id).inOrder
        if kept.count >= settings.limits.keptPerOwner { return .kept(kept.count, named: named) }
        return entries.values.count(where: \.hasSlot) < settings.slots ? nil : .slots(kept: named)
    }

    /// Throws if the owner has reached the limit of waiting jobs.
    func checkQueue(of owner: Person) throws(RunnerError) {
        let waiting = queue.filter { entries[$0]?.record.job.owner.id == owner.id }.inOrder
        guard waiting.count >= settings.limits.queuedPerOwner else { return }
        throw RunnerError(
            .tooMany(.init(what: "waiting jobs", limit: settings.limits.queuedPerOwner)),
            "\(owner.name) already has \(waiting.count.counted("waiting job")), which is the limit: cancel \(WaitReason.list(waiting, "or")), or try again later."
        )
    }

    /// Throws if that person has reached the limit of sessions.
    func checkSessions(of person: Person) throws(RunnerError) {
        let jobs = entries.values.map(\.record.job).flatMap { job in
            job.sessions.filter { $0.person.id == person.id }.map { _ in job.id }
        }
        guard jobs.count >= settings.limits.sessionsPerPerson else { return }
        let inside = Set(jobs).inOrder
        throw RunnerError(
            .tooMany(.init(what: "sessions", limit: settings.limits.sessionsPerPerson)),
            "\(person.name) already has \(jobs.count.counted("session")), which is the limit: leave one in job \(WaitReason.list(inside, "or"))."
        )
    }
}

extension Collection<JobID> {
    /// Oldest first: the runner's ids are numbers that count up.
    fileprivate var inOrder: [JobID] {
        sorted { (Int64($0.description) ?? 0) < (Int64($1.description) ?? 0) }
    }
}
