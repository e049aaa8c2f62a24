import BuildAPI
import Foundation
import GRDB
import PrometheusMetrics

/// What survives the runner: people, keys and jobs, in SQLite.
///
/// Nobody's thread waits for the disk: transactions run on the database's own.
struct SQLiteStore: Store {
    let database: DatabasePool
    /// Those that were looked up lately, so that a heartbeat reads no disk.
    let knownKeys = KnownKeys()
    /// The version of the terms of use that people have to accept; nil: there are none.
    let terms: String?
    /// Whether keys count that the source of people has not named.
    let permitsLocalKeys: Bool
    let metrics: RunnerMetrics

    /// Opens the database at `path`, and migrates it to this version.
    init(
        path: String, terms: String? = nil, permitsLocalKeys: Bool = true,
        metrics: RunnerMetrics = RunnerMetrics()
    ) throws(RunnerError) {
        self.terms = terms
        self.permitsLocalKeys = permitsLocalKeys
        self.metrics = metrics
        do {
            var configuration = GRDB.Configuration()
            configuration.busyMode = .timeout(5)
            configuration.maximumReaderCount = 4
            database = try DatabasePool(path: path, configuration: configuration)
            guard try !database.read(Self.migrations.hasBeenSuperseded) else {
                throw RunnerError(
                    .failure, "The database was written by a later version of the runner.", detail: path)
            }
            try Self.migrations.migrate(database)
            try Self.makeShrinkable(database)
        } catch {
            throw Self.error(error, otherwise: "The database cannot be opened.", detail: "\(path): \(error)")
        }
    }

    func close() {
        try? database.close()
    }

    static var migrations: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("people, keys and jobs") { database in
            // AUTOINCREMENT: an id is never used again for another person.
            try database.execute(
                sql: """
                    CREATE TABLE person (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        name TEXT NOT NULL UNIQUE,
                        suspended BOOLEAN NOT NULL DEFAULT FALSE
                    );
                    CREATE TABLE key (
                        fingerprint TEXT PRIMARY KEY,
                        type TEXT NOT NULL,
                        base64 TEXT NOT NULL,
                        comment TEXT NOT NULL,
                        person INTEGER NOT NULL REFERENCES person
                    );
                    CREATE INDEX key_person ON key (person);
                    CREATE TABLE job (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        owner INTEGER NOT NULL REFERENCES person,
                        live BOOLEAN NOT NULL,
                        record BLOB NOT NULL
                    );
                    CREATE INDEX job_owner ON job (owner);
                    CREATE INDEX job_live ON job (live) WHERE live;
                    """)
        }
        migrator.registerMigration("the boot by whose clock deadlines are meant") { database in
            try database.execute(sql: "CREATE TABLE boot (id TEXT NOT NULL, began DOUBLE NOT NULL)")
        }
        migrator.registerMigration("administrators, terms of use, and when jobs were over") { database in
            try database.execute(
                sql: """
                    ALTER TABLE person ADD COLUMN administrator BOOLEAN NOT NULL DEFAULT FALSE;
                    CREATE TABLE acceptance (
                        person INTEGER NOT NULL REFERENCES person,
                        version TEXT NOT NULL,
                        accepted TEXT NOT NULL,
                        PRIMARY KEY (person, version)
                    );
                    ALTER TABLE job ADD COLUMN over DOUBLE;
                    CREATE INDEX job_over ON job (over);
                    """)
            // Earlier versions did not record when a job ended.
            try database.execute(
                sql: "UPDATE job SET over = CAST(strftime('%s', 'now') AS REAL) WHERE NOT live")
        }
        migrator.registerMigration("bytes of sources") { database in
            try database.execute(sql: "ALTER TABLE job ADD COLUMN source INTEGER NOT NULL DEFAULT 0")
        }
        migrator.registerMigration("the people whom jobs are shared with") { database in
            try database.execute(
                sql: """
                    CREATE TABLE share (
                        person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
                        job INTEGER NOT NULL REFERENCES job ON DELETE CASCADE,
                        PRIMARY KEY (person, job)
                    ) WITHOUT ROWID;
                    CREATE INDEX share_job ON share (job);
                    """)
            let records = try Data.fetchCursor(database, sql: "SELECT record FROM job")
            while let data = try records.next() {
                guard let job = try? Self.shownJob(data).job else { continue }
                for party in job.shares {
                    try database.execute(
                        sql: "INSERT OR IGNORE INTO share SELECT id, ? FROM person WHERE id = ?",
                        arguments: [job.id.description, party.id])
                }
            }
        }
        migrator.registerMigration("manifests in a table of their own") { database in
            try database.execute(
                sql: """
                    CREATE TABLE manifest (
                        job INTEGER PRIMARY KEY REFERENCES job ON DELETE CASCADE,
                        content BLOB NOT NULL
                    );
                    INSERT INTO manifest
                        SELECT id, CAST(json_extract(text, '$.manifest') AS BLOB)
                        FROM (SELECT id, CAST(record AS TEXT) AS text FROM job)
                        WHERE json_valid(text) AND json_type(text, '$.manifest') = 'object';
                    UPDATE job SET record = CAST(json_remove(CAST(record AS TEXT), '$.manifest') AS BLOB)
                        WHERE id IN (SELECT job FROM manifest);
                    """)
        }
        migrator.registerMigration("when keys were added, and those that are not confirmed yet") { database in
            try database.execute(
                sql: """
                    ALTER TABLE key ADD COLUMN added DOUBLE;
                    CREATE TABLE pending_key (
                        fingerprint TEXT NOT NULL,
                        person INTEGER NOT NULL REFERENCES person,
                        type TEXT NOT NULL,
                        base64 TEXT NOT NULL,
                        comment TEXT NOT NULL,
                        added DOUBLE NOT NULL,
                        expires DOUBLE NOT NULL,
                        word BLOB NOT NULL,
                        wrong INTEGER NOT NULL DEFAULT 0,
                        PRIMARY KEY (fingerprint, person)
                    );
                    CREATE INDEX pending_key_person ON pending_key (person);
                    """)
        }
        migrator.registerMigration("bytes of finished jobs") { database in
            try database.execute(
                sql: """
                    ALTER TABLE job ADD COLUMN bytes INTEGER;
                    CREATE INDEX job_finished ON job (owner, over, bytes, source, live) WHERE NOT live;
                    CREATE INDEX job_unmeasured ON job (id) WHERE bytes IS NULL AND NOT live;
                    """)
        }
        migrator.registerMigration("with which key each pending key was added") { database in
            try database.execute(sql: "ALTER TABLE pending_key ADD COLUMN added_with TEXT")
        }
        migrator.registerMigration("what the source of people says") { database in
            try database.execute(
                sql: """
                    ALTER TABLE person ADD COLUMN source_suspended BOOLEAN NOT NULL DEFAULT FALSE;
                    ALTER TABLE person ADD COLUMN source_administrator BOOLEAN NOT NULL DEFAULT FALSE;
                    ALTER TABLE person ADD COLUMN source_seen DOUBLE;
                    ALTER TABLE key ADD COLUMN local BOOLEAN NOT NULL DEFAULT TRUE;
                    ALTER TABLE key ADD COLUMN sourced BOOLEAN NOT NULL DEFAULT FALSE;
                    """)
        }
        migrator.registerMigration("groups, which can own jobs and enter them") { database in
            // The numbers of people, and of groups the names after an "@": texts, as in the records. (The owner as a
            // generated column would save the rewriting, but SQLite takes no index with one for covering.)
            try database.execute(
                sql: """
                    CREATE TABLE membership (
                        person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
                        "group" TEXT NOT NULL,
                        local BOOLEAN NOT NULL,
                        sourced BOOLEAN NOT NULL,
                        PRIMARY KEY (person, "group")
                    ) WITHOUT ROWID;
                    CREATE INDEX membership_group ON membership ("group");
                    DROP INDEX job_owner;
                    DROP INDEX job_finished;
                    ALTER TABLE job RENAME COLUMN owner TO submitter;
                    ALTER TABLE job ADD COLUMN owner TEXT NOT NULL DEFAULT '';
                    UPDATE job SET owner = CAST(submitter AS TEXT);
                    CREATE INDEX job_owner ON job (owner);
                    CREATE INDEX job_finished ON job (owner, over, bytes, source, live) WHERE NOT live;
                    CREATE TABLE party_share (
                        party TEXT NOT NULL,
                        job INTEGER NOT NULL REFERENCES job ON DELETE CASCADE,
                        PRIMARY KEY (party, job)
                    ) WITHOUT ROWID;
                    INSERT INTO party_share SELECT CAST(person AS TEXT), job FROM share;
                    DROP TABLE share;
                    ALTER TABLE party_share RENAME TO share;
                    CREATE INDEX share_job ON share (job);
                    """)
        }
        migrator.registerMigration("allocations that are not released yet") { database in
            try database.execute(
                sql: """
                    CREATE TABLE allocation (
                        id TEXT PRIMARY KEY,
                        job TEXT NOT NULL,
                        pool TEXT NOT NULL,
                        data TEXT,
                        until DOUBLE,
                        unneeded DOUBLE,
                        entered BOOLEAN NOT NULL
                    );
                    INSERT INTO allocation (id, job, pool, entered)
                        SELECT id, id, 'local', FALSE FROM job WHERE live;
                    """)
        }
        migrator.registerMigration("keys limited to attaching, and robots") { database in
            try database.execute(
                sql: """
                    ALTER TABLE key ADD COLUMN attaches BOOLEAN NOT NULL DEFAULT FALSE;
                    ALTER TABLE key ADD COLUMN expires DOUBLE;
                    ALTER TABLE key ADD COLUMN addresses TEXT;
                    ALTER TABLE pending_key ADD COLUMN attaches BOOLEAN NOT NULL DEFAULT FALSE;
                    ALTER TABLE pending_key ADD COLUMN until DOUBLE;
                    ALTER TABLE pending_key ADD COLUMN addresses TEXT;
                    ALTER TABLE person ADD COLUMN robot BOOLEAN NOT NULL DEFAULT FALSE;
                    """)
        }
        migrator.registerMigration("keys limited to pairing") { database in
            try database.execute(sql: "ALTER TABLE key ADD COLUMN pairs BOOLEAN NOT NULL DEFAULT FALSE")
        }
        migrator.registerMigration("keys with which allocated machines dial") { database in
            try database.execute(sql: "ALTER TABLE allocation ADD COLUMN attach_key TEXT")
        }
        return migrator
    }

    /// Lets the file become smaller, as databases of earlier versions do not. This rewrites them once, when there is space
    /// for both.
    private static func makeShrinkable(_ database: DatabasePool) throws {
        let incremental = 2
        guard try database.read({ try Int.fetchOne($0, sql: "PRAGMA auto_vacuum") }) != incremental else {
            return
        }
        do {
            try database.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA auto_vacuum = \(incremental); VACUUM")
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
            // A full disk keeps no runner from its start; the next one tries again.
        }
    }

    func shrink() async throws(RunnerError) {
        do {
            try await database.writeWithoutTransaction { database in
                _ = try Row.fetchAll(database, sql: "PRAGMA incremental_vacuum")
                _ = try Row.fetchAll(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
        } catch {
            throw Self.error(error, otherwise: "The database cannot be made smaller.")
        }
    }

    /// One transaction that can write.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(RunnerError) -> Value {
        let start = ContinuousClock.now
        defer { metrics.storeTimes.observe(since: start, "write") }
        // A caller that is cancelled, for a client that has vanished for example, still wants what it has decided stored.
        let writing = Task { [database] in try await database.write(body) }
        do {
            return try await writing.value
        } catch {
            throw Self.error(error, otherwise: "The database cannot be written.")
        }
    }

    /// The same for what is known of people and their keys.
    func changePeople<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(RunnerError) -> Value {
        defer { knownKeys.forget() }
        return try await write(body)
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(RunnerError) -> Value {
        let start = ContinuousClock.now
        defer { metrics.storeTimes.observe(since: start, "read") }
        do {
            return try await database.read(body)
        } catch {
            throw Self.error(error, otherwise: "The database cannot be read.")
        }
    }

    /// - Parameter detail: nil: the error's own words.
    private static func error(
        _ error: any Error, otherwise sentence: String, detail: String? = nil
    ) -> RunnerError {
        if let error = error as? RunnerError { return error }
        let detail = detail ?? "\(error)"
        // The second one is about the file with which the connections of WAL mode share memory.
        return switch (error as? DatabaseError)?.extendedResultCode {
        case .SQLITE_FULL, .SQLITE_IOERR_SHMSIZE:
            RunnerError(.noSpace, "The disk of the build service is full.", detail: detail)
        default: RunnerError(.failure, sentence, detail: detail)
        }
    }
}
