import FoundationEssentials
import GRDB

/// Deadlines are stored as times of the wall clock, together with how that clock was set.
extension Store {
    /// Smaller steps are the wall clock's own adjustments, which nobody should notice.
    private static let smallestStep = 0.5

    /// Moves every deadline by as much as the wall clock has been set while this host was up: something due in ten
    /// minutes is still due in ten minutes.
    ///
    /// - Returns: by how many seconds.
    func moveDeadlines(to boot: Boot) throws(RunnerError) -> TimeInterval {
        let known = try read { database in
            try Row.fetchOne(database, sql: "SELECT id, began FROM boot").map {
                Boot(id: $0["id"], began: Date(timeIntervalSince1970: $0["began"]))
            }
        }
        let step = known.map { boot.step(since: $0) } ?? 0
        // Write nothing without need, because the disk may be full.
        guard known?.id != boot.id || abs(step) >= Self.smallestStep else { return 0 }
        let records = try liveJobs()
        try write { database in
            for var record in records where step != 0 {
                record.moveDeadlines(by: step)
                try Self.save(record, at: boot.began, database)
            }
            try database.execute(sql: "DELETE FROM boot")
            try database.execute(
                sql: "INSERT INTO boot (id, began) VALUES (?, ?)",
                arguments: [boot.id, boot.began.timeIntervalSince1970])
        }
        return step
    }
}
