import BuildAPI
import ConfigurationFile
import Logging

/// Why a job waits.
enum Shortage: Equatable, Sendable {
    /// So many of the owner's builders are kept that no other may start; the named ones among them.
    case kept(Int, named: [JobID])
    /// Every slot is taken. These of the owner's could be freed.
    case slots(kept: [JobID])

    /// What the job's log says: what is in the way, and how to free it.
    func sentence(slots: Int) -> String {
        switch self {
        case .kept(let count, let named):
            let builders = count == 1 ? "1 builder of yours is" : "\(count) builders of yours are"
            return "waits: \(builders) kept: release \(named.isEmpty ? "one" : Self.list(named, "or"))"
        case .slots where slots == 0: return "waits: this build service has no builders now"
        case .slots(let jobs):
            let free = jobs.isEmpty ? "" : "; you may release \(Self.list(jobs, "or"))"
            return "waits: all \(slots) builders are taken\(free)"
        }
    }

    /// `43, 42 or 41`; of many the newest.
    static func list(_ jobs: [JobID], _ conjunction: String) -> String {
        let newest = jobs.reversed().prefix(5).map(\.description)
        guard let last = newest.last, newest.count > 1 else { return newest.first ?? "" }
        return newest.dropLast().joined(separator: ", ") + " \(conjunction) \(last)"
    }
}

/// The jobs that wait for a builder.
extension JobBook {
    /// Starts waiting jobs while there are slots, each in its turn; one that would be its owner's one too many lets
    /// others pass. A kept builder holds its slot, since it holds its memory.
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
    private func shortage(for id: JobID) -> Shortage? {
        guard let owner = entries[id]?.record.job.owner.id else { return nil }
        let kept = entries.values.map(\.record.job)
            .filter { $0.owner.id == owner && $0.builder?.state == .kept }
        // Others may read this log, and are not to hear of jobs that are private.
        let isPrivate = entries[id]?.record.job.visibility == .private
        let named = kept.filter { isPrivate || $0.visibility != .private }.map(\.id).inOrder
        if kept.count >= settings.limits.keptPerOwner { return .kept(kept.count, named: named) }
        return entries.values.count(where: \.hasSlot) < settings.slots ? nil : .slots(kept: named)
    }

    /// Throws when the owner has as many waiting jobs as anybody may.
    func checkQueue(of owner: Person) throws(RunnerError) {
        let waiting = queue.filter { entries[$0]?.record.job.owner.id == owner.id }.inOrder
        guard waiting.count >= settings.limits.queuedPerOwner else { return }
        let jobs =
            waiting.count == 1
            ? "1 job of \(owner.name)'s waits" : "\(waiting.count) jobs of \(owner.name)'s wait"
        throw RunnerError(
            .tooMany(.init(what: "waiting jobs", limit: settings.limits.queuedPerOwner)),
            "\(jobs) already, and more may not: cancel \(Shortage.list(waiting, "or")), or submit this one later."
        )
    }

    /// Throws when that person is inside as often as anybody may be.
    func checkSessions(of person: Person) throws(RunnerError) {
        let jobs = entries.values.map(\.record.job).flatMap { job in
            job.sessions.filter { $0.person.id == person.id }.map { _ in job.id }
        }
        guard jobs.count >= settings.limits.sessionsPerPerson else { return }
        let inside = Set(jobs).inOrder
        let sessions = jobs.count == 1 ? "1 session" : "\(jobs.count) sessions"
        throw RunnerError(
            .tooMany(.init(what: "sessions", limit: settings.limits.sessionsPerPerson)),
            "\(person.name) has \(sessions) already, and more may not be: leave one in job \(Shortage.list(inside, "or"))."
        )
    }
}

extension Collection<JobID> {
    /// The oldest first: the runner's ids are numbers that count up.
    fileprivate var inOrder: [JobID] {
        sorted { (Int64($0.description) ?? 0) < (Int64($1.description) ?? 0) }
    }
}
