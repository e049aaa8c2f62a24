import BuildAPI
import FoundationEssentials
import GRDB

import class QEMU.Machine

/// Jobs: each a record in one piece, and a manifest.
extension Store {
    /// Stores a new job under the next number.
    ///
    /// - Parameters:
    ///   - source: bytes of its source.
    ///   - keepSource: puts the source where the job will look for it. If that fails, there is no job.
    func addJob(
        owner: Person, note: String?, visibility: Job.Visibility = .unlisted, manifest: Manifest,
        source: Int? = nil, at now: Date, keepSource: (JobID) throws -> Void = { _ in }
    ) throws(RunnerError) -> JobRecord {
        try write { database in
            try database.execute(
                sql: "INSERT INTO job (owner, live, record, source) VALUES (?, TRUE, x'', ?)",
                arguments: [owner.id, source ?? 0])
            guard let id = JobID(String(database.lastInsertedRowID)) else {
                throw RunnerError(.failure, "The job has no number.")
            }
            let tasks = manifest.tasks.map {
                Job.Task(
                    name: $0.name, status: .pending, script: Machine.scriptPath(ofTask: $0.name))
            }
            let job = Job(
                id: id, owner: owner, note: note, status: .pending, visibility: visibility, created: now,
                tasks: tasks, shell: manifest.shell)
            let record = JobRecord(job: job, manifest: manifest, source: source)
            try Self.save(record, at: now, database)
            try database.execute(
                sql: "INSERT INTO manifest (job, content) VALUES (?, ?)",
                arguments: [id.description, JSONEncoder().encode(manifest)])
            try keepSource(id)
            return record
        }
    }

    func save(_ record: JobRecord, at now: Date) throws(RunnerError) {
        try write { try Self.save(record, at: now, $0) }
    }

    func job(_ id: JobID) throws(RunnerError) -> JobRecord? {
        guard let number = Self.number(id) else { return nil }
        return try read { database in
            try Row.fetchOne(database, sql: Self.selectRecord + " WHERE id = ?", arguments: [number])
                .map(Self.record)
        }
    }

    /// The same without its manifest.
    func shownJob(_ id: JobID) throws(RunnerError) -> ShownJob? {
        guard let number = Self.number(id) else { return nil }
        return try read { database in
            try Data.fetchOne(database, sql: "SELECT record FROM job WHERE id = ?", arguments: [number])
                .map(Self.shownJob)
        }
    }

    func hasJob(_ id: JobID) throws(RunnerError) -> Bool {
        guard let number = Self.number(id) else { return false }
        return try read {
            try Bool.fetchOne($0, sql: "SELECT TRUE FROM job WHERE id = ?", arguments: [number]) ?? false
        }
    }

    /// SQLite would treat "007" and 7 as equal.
    static func number(_ id: JobID) -> Int64? {
        Int64(id.description).flatMap { String($0) == id.description ? $0 : nil }
    }

    /// Everything that an earlier runner has left unfinished, oldest first.
    func liveJobs() throws(RunnerError) -> [JobRecord] {
        try read { database in
            try Row.fetchAll(database, sql: Self.selectRecord + " WHERE live ORDER BY id").map(Self.record)
        }
    }

    /// Jobs that ended then or earlier, oldest first: at most that many, after that one.
    func jobsOver(since moment: Date, behind last: JobID? = nil, limit: Int) throws(RunnerError) -> [JobID] {
        try read { database in
            try Int64.fetchAll(
                database,
                sql: "SELECT id FROM job WHERE over <= ? AND NOT live AND id > ? ORDER BY id LIMIT ?",
                arguments: [
                    moment.timeIntervalSince1970, last.flatMap { Int64($0.description) } ?? 0, limit,
                ]
            ).compactMap { JobID(String($0)) }
        }
    }

    /// The sources that are kept of an owner's jobs, oldest first.
    func sources(owner: Person) throws(RunnerError) -> [(job: JobID, bytes: Int)] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT id, source FROM job WHERE owner = ? AND source > 0 ORDER BY id",
                arguments: [owner.id]
            ).compactMap { row in JobID(String(row["id"] as Int64)).map { ($0, row["source"]) } }
        }
    }

    /// Its source is no longer kept.
    func forgetSource(of id: JobID) throws(RunnerError) {
        try write {
            try $0.execute(sql: "UPDATE job SET source = 0 WHERE id = ?", arguments: [id.description])
        }
    }

    func removeJob(_ id: JobID) throws(RunnerError) {
        try write {
            try $0.execute(sql: "DELETE FROM job WHERE id = ? AND NOT live", arguments: [id.description])
        }
    }

    /// A job ends only once: storing it again later does not change when it ended.
    static func save(_ record: JobRecord, at now: Date, _ database: Database) throws {
        try database.execute(
            sql: """
                UPDATE job SET live = :live, record = :record,
                    over = CASE WHEN :live THEN NULL ELSE COALESCE(over, :now) END
                WHERE id = :id
                """,
            arguments: [
                "live": !record.isOver, "record": JSONEncoder().encode(record),
                "now": now.timeIntervalSince1970, "id": record.job.id.description,
            ])
        try saveShares(of: record.job, database)
    }

    /// The people whom a job is shared with, so that their jobs are found.
    static func saveShares(of job: Job, _ database: Database) throws {
        try database.execute(sql: "DELETE FROM share WHERE job = ?", arguments: [job.id.description])
        for person in job.shares {
            try database.execute(
                sql: "INSERT OR IGNORE INTO share SELECT id, ? FROM person WHERE id = ?",
                arguments: [job.id.description, person.id])
        }
    }

    private static let selectRecord = "SELECT record, content FROM job JOIN manifest ON manifest.job = job.id"

    private static func record(_ row: Row) throws -> JobRecord {
        var record = try JSONDecoder().decode(JobRecord.self, from: row["record"])
        record.manifest = try JSONDecoder().decode(Manifest.self, from: row["content"])
        return record
    }

    static func shownJob(_ record: Data) throws -> ShownJob {
        try JSONDecoder().decode(ShownJob.self, from: record)
    }
}
