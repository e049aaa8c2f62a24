import BuildAPI
import FoundationEssentials
import GRDB
import Provider

/// Allocations that their providers have not released yet.
extension SQLiteStore {
    func save(_ record: AllocationRecord) async throws(RunnerError) {
        let allocation = record.allocation
        try await write { database in
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO allocation (id, job, pool, data, until, unneeded, entered, attach_key)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    allocation.id.description, allocation.job.description, allocation.pool, allocation.data,
                    allocation.until?.timeIntervalSince1970, record.unneededSince?.timeIntervalSince1970,
                    record.entered, record.attachKey,
                ])
        }
    }

    func allocations() async throws(RunnerError) -> [AllocationRecord] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM allocation ORDER BY rowid").map { row in
                let (id, job): (String, String) = (row["id"], row["job"])
                guard let id = AllocationID(id), let job = JobID(job) else {
                    throw RunnerError(.failure, "The database is damaged: it has an allocation \(id).")
                }
                let (until, unneeded): (Double?, Double?) = (row["until"], row["unneeded"])
                return AllocationRecord(
                    allocation: Allocation(
                        id: id, job: job, pool: row["pool"], data: row["data"],
                        until: until.map { Date(timeIntervalSince1970: $0) }),
                    unneededSince: unneeded.map { Date(timeIntervalSince1970: $0) }, entered: row["entered"],
                    attachKey: row["attach_key"])
            }
        }
    }

    func removeAllocation(_ id: AllocationID) async throws(RunnerError) {
        try await write {
            try $0.execute(sql: "DELETE FROM allocation WHERE id = ?", arguments: [id.description])
        }
    }
}
