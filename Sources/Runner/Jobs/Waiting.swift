import BuildAPI

/// The jobs that wait for a builder. Owners take turns; the jobs of one owner start in the order of submission.
struct Waiting: Sendable {
    private struct Line {
        let owner: String
        var jobs: [JobID]
    }

    /// The owner whose turn is next comes first. No line is empty.
    private var lines: [Line] = []

    /// By owner, in the order of their turns.
    var byOwner: [(owner: String, jobs: [JobID])] { lines.map { ($0.owner, $0.jobs) } }

    /// Oldest first.
    func jobs(of owner: String) -> [JobID] { lines.first { $0.owner == owner }?.jobs ?? [] }

    /// An owner of whom no other job waits has the last turn.
    mutating func add(_ job: JobID, of owner: String) {
        if let index = lines.firstIndex(where: { $0.owner == owner }) {
            // Jobs that were stored at the same time can arrive here in another order.
            lines[index].jobs = (lines[index].jobs + [job]).inOrder
        } else {
            lines.append(Line(owner: owner, jobs: [job]))
        }
    }

    /// It is not an error if it does not wait.
    mutating func remove(_ job: JobID) {
        for index in lines.indices { lines[index].jobs.removeAll { $0 == job } }
        lines.removeAll { $0.jobs.isEmpty }
    }

    /// Takes the job that starts next: the oldest of the first owner who can have one more builder.
    ///
    /// - Parameter canStart: whether that owner can.
    /// - Returns: nil if nobody can, or nothing waits.
    mutating func next(where canStart: (_ owner: String) -> Bool) -> JobID? {
        guard let line = lines.first(where: { canStart($0.owner) }), let job = line.jobs.first else {
            return nil
        }
        endTurn(of: line.owner)
        remove(job)
        return job
    }

    /// A job of that owner has started: everybody else's turn comes first.
    mutating func endTurn(of owner: String) {
        guard let index = lines.firstIndex(where: { $0.owner == owner }) else { return }
        lines.append(lines.remove(at: index))
    }
}
