import BuildAPI
import FoundationEssentials
import GRDB
import TaskChannel

/// Jobs: each a record in one piece, and a manifest.
extension SQLiteStore {
    func addJob(
        _ new: NewJob, at now: Date, keepSource: @escaping @Sendable (JobID) throws -> Void
    ) async throws(RunnerError) -> JobRecord {
        try await write { database in
            for id in new.forgottenSources {
                try database.execute(
                    sql: "UPDATE job SET source = 0 WHERE id = ?", arguments: [id.description])
            }
            try database.execute(
                sql: "INSERT INTO job (owner, submitter, live, record, source) VALUES (?, ?, TRUE, x'', ?)",
                arguments: [new.submission.owner.id, new.submission.submitter.id, new.source ?? 0])
            guard let id = JobID(String(database.lastInsertedRowID)) else {
                throw RunnerError(.failure, "The job has no number.")
            }
            let tasks = new.manifest.tasks.map {
                Job.Task(
                    name: $0.name, status: .pending, script: SSHTaskChannel.scriptPath(ofTask: $0.name))
            }
            let submission = new.submission
            let job = Job(
                id: id, owner: submission.owner, submitter: submission.shownSubmitter,
                note: submission.note, status: .pending,
                pool: JobRecord.Build.shownPool(new.build.pool),
                arch: new.manifest.arch?.description,
                visibility: submission.visibility, created: now,
                tasks: tasks, shell: new.build.keep == .always, rerun: new.rerun,
                artifacts: new.artifacts)
            let record = JobRecord(job: job, build: new.build, source: new.source)
            try Self.save(record, at: now, database)
            try database.execute(
                sql: "INSERT INTO manifest (job, content) VALUES (?, ?)",
                arguments: [id.description, JSONEncoder().encode(new.manifest)])
            try keepSource(id)
            return record
        }
    }

    func addJob(
        of owner: Party, by submitter: Person, at now: Date,
        _ make: @escaping @Sendable (JobID) -> JobRecord
    ) async throws(RunnerError) -> JobRecord {
        try await write { database in
            try database.execute(
                sql: "INSERT INTO job (owner, submitter, live, record) VALUES (?, ?, TRUE, x'')",
                arguments: [owner.id, submitter.id])
            guard let id = JobID(String(database.lastInsertedRowID)) else {
                throw RunnerError(.failure, "The job has no number.")
            }
            let record = make(id)
            try Self.save(record, at: now, database)
            return record
        }
    }

    func save(_ record: JobRecord, at now: Date) async throws(RunnerError) {
        try await write { try Self.save(record, at: now, $0) }
    }

    func job(_ id: JobID) async throws(RunnerError) -> JobRecord? {
        guard let number = Self.number(id) else { return nil }
        return try await read { database in
            try Data.fetchOne(database, sql: "SELECT record FROM job WHERE id = ?", arguments: [number])
                .map { try Self.record($0, of: number, database) }
        }
    }

    func manifest(of id: JobID) async throws(RunnerError) -> Manifest? {
        guard let number = Self.number(id) else { return nil }
        return try await read { try Self.manifest(of: number, $0) }
    }

    /// The same without its manifest.
    func shownJob(_ id: JobID) async throws(RunnerError) -> ShownJob? {
        guard let number = Self.number(id) else { return nil }
        return try await read { database in
            try Data.fetchOne(database, sql: "SELECT record FROM job WHERE id = ?", arguments: [number])
                .map(Self.shownJob)
        }
    }

    func hasJob(_ id: JobID) async throws(RunnerError) -> Bool {
        guard let number = Self.number(id) else { return false }
        return try await read {
            try Bool.fetchOne($0, sql: "SELECT TRUE FROM job WHERE id = ?", arguments: [number]) ?? false
        }
    }

    /// SQLite would treat "007" and 7 as equal.
    static func number(_ id: JobID) -> Int64? {
        Int64(id.description).flatMap { String($0) == id.description ? $0 : nil }
    }

    /// Everything that an earlier runner has left unfinished, oldest first.
    func liveJobs() async throws(RunnerError) -> [JobRecord] {
        try await read { try Self.liveJobs($0) }
    }

    /// Jobs that ended then or earlier, oldest first: at most that many, after that one.
    func jobsOver(since moment: Date, behind last: JobID?, limit: Int) async throws(RunnerError) -> [JobID] {
        try await read { database in
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
    func sources(owner: Party) async throws(RunnerError) -> [(job: JobID, bytes: Int)] {
        try await read { database in
            try Row.fetchAll(
                database, sql: "SELECT id, source FROM job WHERE owner = ? AND source > 0 ORDER BY id",
                arguments: [owner.id]
            ).compactMap { row in JobID(String(row["id"] as Int64)).map { ($0, row["source"]) } }
        }
    }

    /// Whether a source of this job is kept.
    func hasSource(_ id: JobID) async throws(RunnerError) -> Bool {
        guard let number = Self.number(id) else { return false }
        return try await read {
            try Bool.fetchOne($0, sql: "SELECT source > 0 FROM job WHERE id = ?", arguments: [number])
                ?? false
        }
    }

    func removeJob(_ id: JobID) async throws(RunnerError) {
        try await write {
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
                "live": !record.isOver, "record": JSONEncoder().encode(StoredJob(record)),
                "now": now.timeIntervalSince1970, "id": record.job.id.description,
            ])
        try saveShares(of: record.job, database)
    }

    /// The people and groups whom a job is shared with, so that their jobs are found.
    private static func saveShares(of job: Job, _ database: Database) throws {
        try database.execute(sql: "DELETE FROM share WHERE job = ?", arguments: [job.id.description])
        for party in job.shares {
            try database.execute(
                sql: "INSERT OR IGNORE INTO share (party, job) VALUES (?, ?)",
                arguments: [party.id, job.id.description])
        }
    }

    static func liveJobs(_ database: Database) throws -> [JobRecord] {
        try Row.fetchAll(database, sql: "SELECT id, record FROM job WHERE live ORDER BY id").map {
            try record($0["record"], of: $0["id"], database)
        }
    }

    static func record(_ data: Data, of number: Int64, _ database: Database) throws -> JobRecord {
        switch try stored(data) {
        case .current(let job): return try job.record()
        case .first(let job):
            guard let manifest = try manifest(of: number, database) else {
                throw RunnerError(.failure, "The database is damaged: job \(number) has no manifest.")
            }
            return job.record(manifest)
        }
    }

    private static func manifest(of number: Int64, _ database: Database) throws -> Manifest? {
        try Data.fetchOne(database, sql: "SELECT content FROM manifest WHERE job = ?", arguments: [number])
            .map { try JSONDecoder().decode(Manifest.self, from: $0) }
    }

    static func shownJob(_ record: Data) throws -> ShownJob {
        switch try stored(record) {
        case .current(let job): ShownJob(job: try job.job(), eventNumber: job.eventNumber)
        case .first(let job): ShownJob(job: job.job, eventNumber: job.eventNumber)
        }
    }

    private enum Stored {
        case first(StoredJobV1)
        case current(StoredJob)
    }

    private static func stored(_ record: Data) throws -> Stored {
        let job: StoredJob
        do {
            job = try JSONDecoder().decode(StoredJob.self, from: record)
        } catch DecodingError.keyNotFound(let key, _) where key.stringValue == "version" {
            return .first(try JSONDecoder().decode(StoredJobV1.self, from: record))
        }
        guard job.version == StoredJob.version else {
            throw RunnerError(
                .failure, "The database was written by a later version of the runner.",
                detail: "job \(job.id): version \(job.version)")
        }
        return .current(job)
    }
}
