import BuildAPI
import Presentation

/// Why a job waits.
enum WaitReason: Equatable, Sendable {
    /// The owner has more kept builders than the limit; some of them by name.
    case kept(Int, named: [JobID])
    /// As many jobs of the owner run as can run at once; some of them by name.
    case running(Int, named: [JobID])
    /// Every slot is taken. The owner could release these.
    case slots(kept: [JobID])

    /// - Parameters:
    ///   - job: the one that waits. Other people can read its log, which must not tell them of private jobs.
    ///   - builders: its owner's.
    ///   - obstacle: nil: only the slots are missing.
    init(_ job: Job, _ builders: OwnersBuilders, _ obstacle: OwnersBuilders.Obstacle?) {
        self =
            switch obstacle {
            case .kept: .kept(builders.kept.count, named: builders.kept.named(in: job))
            case .running: .running(builders.running.count, named: builders.running.named(in: job))
            case nil: .slots(kept: builders.keptHere.named(in: job))
            }
    }

    /// The line for the job's log: what the job waits for, and how to free it.
    ///
    /// - Parameter pool: where they are; nil: there is only one.
    func sentence(slots: Int, in pool: String? = nil, owner: Party) -> String {
        let has = owner.has
        switch self {
        case .kept(let count, let named):
            return "waits: \(has) \(count.counted("kept builder")); release \(Self.list(named, "or"))"
        case .running(let count, let named):
            return
                "waits until \(Self.list(named, "or")) has ended: \(has) \(count.counted("running job")), which is the limit"
        case .slots where slots == 0:
            let place = pool.map { "the pool \($0)" } ?? "this build service"
            return "waits: \(place) has no builders at the moment"
        case .slots(let jobs):
            let free = jobs.isEmpty ? "" : "; you can release \(Self.list(jobs, "or"))"
            let place = pool.map { " of the pool \($0)" } ?? ""
            return "waits: all builders\(place) (\(slots)) are in use\(free)"
        }
    }

    /// The same for everyone who waits for the job: what is in the way, without the names of other jobs.
    func shown(slots: Int, owner: Party) -> String {
        let has = if case .group = owner { "\(owner.name) has" } else { "its owner has" }
        return switch self {
        case .kept: "\(has) more kept builders than the limit"
        case .running: "\(has) as many running jobs as can run at once"
        case .slots where slots == 0: "there are no builders at the moment"
        case .slots: "all builders (\(slots)) are in use"
        }
    }

    /// `43, 42 or 41`: the newest ones; `one` if there are none.
    static func list(_ jobs: [JobID], _ conjunction: String) -> String {
        let newest = jobs.reversed().prefix(5).map(\.description)
        guard let last = newest.last, newest.count > 1 else { return newest.first ?? "one" }
        return newest.dropLast().joined(separator: ", ") + " \(conjunction) \(last)"
    }
}

extension Party {
    /// In the log of one of their jobs, which others can read too: `you have`, or `@team has`.
    var has: String { if case .group = self { "\(name) has" } else { "you have" } }
}

extension [Job] {
    /// Those that the log of a job can name, oldest first.
    func named(in job: Job) -> [JobID] {
        filter { job.visibility == .private || $0.visibility != .private }.map(\.id).inOrder
    }
}

extension Collection<JobID> {
    /// Oldest first: the runner's ids are numbers that count up.
    var inOrder: [JobID] {
        sorted { (Int64($0.description) ?? 0) < (Int64($1.description) ?? 0) }
    }
}
