import BuildAPI
import FoundationEssentials
import GRDB

/// What the finished jobs of each owner take. An index answers it, however many jobs of others there are.
extension SQLiteStore {
    /// Notes how many bytes the logs and artifacts of a finished job have. Its manifest counts too; its source is counted apart, because
    /// it can go before the job.
    func setBytes(ofFinished id: JobID, logs: Int) async throws(RunnerError) {
        try await write {
            try $0.execute(
                sql: """
                    UPDATE job SET bytes = :logs
                        + COALESCE((SELECT LENGTH(content) FROM manifest WHERE manifest.job = job.id), 0)
                    WHERE id = :id AND NOT live
                    """, arguments: ["logs": logs, "id": id.description])
        }
    }

    /// Finished jobs whose bytes have not been noted: they ended under an earlier version, or when the disk was full.
    func unmeasuredJobs(behind last: JobID?, limit: Int) async throws(RunnerError) -> [JobID] {
        try await read { database in
            try Int64.fetchAll(
                database,
                sql: "SELECT id FROM job WHERE bytes IS NULL AND NOT live AND id > ? ORDER BY id LIMIT ?",
                arguments: [last.flatMap { Int64($0.description) } ?? 0, limit]
            ).compactMap { JobID(String($0)) }
        }
    }

    func finishedJobs(of owner: Party) async throws(RunnerError) -> FinishedJobs {
        try await read { database in
            let row = try Row.fetchOne(database, sql: Self.finished, arguments: [owner.id])
            return FinishedJobs(count: row?["count"] ?? 0, bytes: row?["bytes"] ?? 0)
        }
    }

    /// Those that ended first.
    func oldestFinishedJobs(
        of owner: Party, limit: Int
    ) async throws(RunnerError) -> [FinishedJobs.Finished] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT id, COALESCE(bytes, 0) + source AS bytes FROM job INDEXED BY job_finished
                    WHERE owner = ? AND NOT live ORDER BY over, id LIMIT ?
                    """, arguments: [owner.id, limit]
            ).compactMap { row in
                JobID(String(row["id"] as Int64)).map { .init(id: $0, bytes: row["bytes"]) }
            }
        }
    }

    static let finished = """
        SELECT COUNT(*) AS count, COALESCE(SUM(COALESCE(bytes, 0) + source), 0) AS bytes
        FROM job INDEXED BY job_finished WHERE owner = ? AND NOT live
        """
}
