public import BuildAPI

/// How much one owner uses of a build service at the moment.
public struct OwnerUse: Encodable, Equatable, Sendable {
    public let owner: Party
    /// Jobs that have no builder yet.
    public private(set) var waiting = 0
    /// Jobs whose builder boots or runs their tasks.
    public private(set) var running = 0
    /// Builders that stay after their jobs have ended.
    public private(set) var kept = 0
    /// Sessions inside all of these builders, whoever has come in.
    public private(set) var sessions = 0

    private init(_ owner: Party) {
        self.owner = owner
    }

    /// One for each owner, those who have the most builders first; then those with the most jobs that wait, the most
    /// sessions, and by their names.
    ///
    /// - Parameter jobs: live ones. Others count for nothing.
    public static func list(_ jobs: [Job]) -> [OwnerUse] {
        var uses: [OwnerUse] = []
        for job in jobs where !job.status.isFinal || job.builder != nil {
            let index = uses.firstIndex { $0.owner.isSame(as: job.owner) } ?? uses.endIndex
            if index == uses.endIndex { uses.append(OwnerUse(job.owner)) }
            uses[index].count(job)
        }
        return uses.sorted { one, other in
            let (ones, others) = (one.order, other.order)
            return ones == others ? one.owner.name < other.owner.name : ones > others
        }
    }

    private mutating func count(_ job: Job) {
        switch job.status {
        case .pending, .queued: waiting += 1
        case .running: running += 1
        case .success, .failed, .timeout, .cancelled: kept += 1
        }
        sessions += job.sessions.count
    }

    private var order: (Int, Int, Int) { (running + kept, waiting, sessions) }
}
