import FoundationEssentials
import GRDB

/// Deadlines are stored as times of the wall clock, together with how that clock was set.
extension SQLiteStore {
    /// Smaller steps are the wall clock's own adjustments, which nobody should notice.
    private static let smallestStep = 0.5

    func moveDeadlines(to boot: Boot) async throws(RunnerError) -> TimeInterval {
        let known = try await read { database in
            try Row.fetchOne(database, sql: "SELECT id, began FROM boot").map {
                Boot(id: $0["id"], began: Date(timeIntervalSince1970: $0["began"]))
            }
        }
        let step = known.map { boot.step(since: $0) } ?? 0
        // Write nothing without need, because the disk may be full.
        guard known?.id != boot.id || abs(step) >= Self.smallestStep else { return 0 }
        try await write { database in
            for var record in step == 0 ? [] : try Self.liveJobs(database) {
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
